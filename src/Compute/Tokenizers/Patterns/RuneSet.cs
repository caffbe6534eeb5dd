using System.Globalization;
using System.Runtime.CompilerServices;

namespace ActorRing.Compute.Tokenizers.Patterns;

/// <summary>
/// A set of Unicode code points. Works on code points and not on UTF-16 units, so a letter beyond the BMP is one letter.
/// Safe to share between threads.
/// </summary>
/// <remarks>Membership is a bit. The bits of 256 neighbours are worked out when one of them is first asked for: most patterns meet few scripts.</remarks>
internal sealed class RuneSet
{
    private const int PageBits = 8;
    private const int PageCount = 0x110000 >> PageBits;
    private readonly ulong[]?[] pages = new ulong[PageCount][];
    private readonly Func<int, bool> definition;

    private RuneSet(Func<int, bool> definition) => this.definition = definition;

    public static RuneSet Of(Func<int, bool> definition) => new(definition);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(int rune)
    {
        var page = pages[rune >> PageBits] ?? Page(rune >> PageBits);
        return (page[(rune >> 6) & 3] >> (rune & 63) & 1) != 0;
    }

    /// <summary>Length in UTF-16 units of the code point at <paramref name="at"/> if it belongs to the set, else 0. Needs <c>at &lt; text.Length</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int MatchLength(ReadOnlySpan<char> text, int at)
    {
        var unit = text[at];
        if (!char.IsHighSurrogate(unit)) return Contains(unit) ? 1 : 0;
        return Contains(char.ConvertToUtf32(unit, text[at + 1])) ? 2 : 0;
    }

    public static Func<int, bool> OfCategories(params UnicodeCategory[] categories)
    {
        var mask = 0;
        foreach (var category in categories) mask |= 1 << (int)category;
        return rune => (mask >> (int)CharUnicodeInfo.GetUnicodeCategory(rune) & 1) != 0;
    }

    private ulong[] Page(int index)
    {
        var page = new ulong[4];
        for (var i = 0; i < 1 << PageBits; i++)
        {
            if (definition((index << PageBits) | i)) page[i >> 6] |= 1UL << (i & 63);
        }

        // Two threads may both get here; they write the same bits.
        Volatile.Write(ref pages[index], page);
        return page;
    }
}
