using ActorRing.Compute.Tokenizers.Patterns;

namespace ActorRing.Compute.Tokenizers.Normalizers;

/// <summary>Removes white space from the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override string Apply(string text, ref bool atOrigin)
    {
        // All of White_Space lies in the BMP.
        var start = 0;
        var end = text.Length;
        while (left && start < end && RuneProperty.IsSpace(text[start])) start++;
        while (right && end > start && RuneProperty.IsSpace(text[end - 1])) end--;
        atOrigin &= start == 0;
        return text[start..end];
    }
}
