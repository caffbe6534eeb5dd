using System.Globalization;
using System.Text;

namespace ActorRing.Compute.Checkpoints;

/// <summary>Puts text from a file into a message: quoted, at most 100 characters, and unable to forge a line or colour a terminal.</summary>
internal static class Quote
{
    private const int MaxCharacters = 100;

    /// <summary>The text in single quotes, with everything unprintable as <c>\uXXXX</c>.</summary>
    public static string Of(ReadOnlySpan<char> text)
    {
        var result = new StringBuilder("'");
        foreach (var character in text[..Math.Min(text.Length, MaxCharacters)])
        {
            var printable = char.GetUnicodeCategory(character) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse);
            _ = printable ? result.Append(character) : result.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
        }
        return result.Append(text.Length > MaxCharacters ? "'..." : "'").ToString();
    }
}
