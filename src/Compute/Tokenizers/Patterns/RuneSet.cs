using System.Globalization;

namespace ActorRing.Compute.Tokenizers.Patterns;

/// <summary>
/// A set of Unicode code points: a bit for each one below U+10000, a question to the definition above it.
/// Works on code points and not on UTF-16 units, so a letter beyond the BMP is one letter.
/// </summary>
internal sealed class RuneSet
{
    private const int BmpSize = 0x10000;
    private const int CodePointCount = 0x110000;
    private readonly ulong[] bmp = new ulong[BmpSize / 64];
    private readonly Func<int, bool> definition;

    private RuneSet(Func<int, bool> definition)
    {
        this.definition = definition;
        for (var rune = 0; rune < BmpSize; rune++)
        {
            if (definition(rune)) bmp[rune >> 6] |= 1UL << (rune & 63);
        }
    }

    public static RuneSet Of(Func<int, bool> definition) => new(definition);

    public bool Contains(int rune) => rune < BmpSize ? (bmp[rune >> 6] >> (rune & 63) & 1) != 0 : definition(rune);

    /// <summary>Length in UTF-16 units of the code point at <paramref name="at"/> if it belongs to the set, else 0. Needs <c>at &lt; text.Length</c>.</summary>
    public int MatchLength(ReadOnlySpan<char> text, int at)
    {
        var unit = text[at];
        if (!char.IsHighSurrogate(unit)) return (bmp[unit >> 6] >> (unit & 63) & 1) != 0 ? 1 : 0;
        return definition(char.ConvertToUtf32(unit, text[at + 1])) ? 2 : 0;
    }

    public bool HasMembersBeyondAscii()
    {
        for (var rune = 0x80; rune < CodePointCount; rune++)
        {
            if (Contains(rune)) return true;
        }

        return false;
    }

    public static Func<int, bool> OfCategories(params UnicodeCategory[] categories)
    {
        var mask = 0;
        foreach (var category in categories) mask |= 1 << (int)category;
        return rune => (mask >> (int)CharUnicodeInfo.GetUnicodeCategory(rune) & 1) != 0;
    }
}
