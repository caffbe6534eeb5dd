using System.Text;
using ActorRing.Compute.Tokenizers.Patterns;

namespace ActorRing.Compute.Tokenizers.Normalizers;

/// <summary>Lower case, code point by code point, whatever stands around it.</summary>
internal sealed class LowercaseNormalizer : Normalizer
{
    private const int CapitalIWithDot = 0x130;

    public override string Apply(string text, ref bool atOrigin)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            // The only code point whose lower case is two, and one that .NET leaves alone in every invariant mode.
            if (rune.Value == CapitalIWithDot) result.Append("i\u0307");
            else result.Append(Rune.ToLowerInvariant(rune));
        }

        return result.ToString();
    }
}

/// <summary>Drops every combining mark.</summary>
internal sealed class StripAccentsNormalizer : Normalizer
{
    public override string Apply(string text, ref bool atOrigin)
    {
        atOrigin &= !RuneProperty.IsMark(Rune.GetRuneAt(text, 0).Value);
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (!RuneProperty.IsMark(rune.Value)) result.Append(rune);
        }

        return result.ToString();
    }
}
