using System.Globalization;
using System.Text;

namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>Characters to words: blanks, comments, quoted and unquoted text. Knows lines, knows no grammar.</summary>
internal sealed class HoconScanner(string text, string source, int firstLine)
{
    /// <summary>What HOCON keeps for itself, so that unquoted text has to do without it.</summary>
    private const string Reserved = "$\"{}[]:=,+#`^?!@*&\\";

    private int offset;
    private int line = firstLine;

    public HoconPosition Here => new(source, line);

    public bool AtEnd => offset >= text.Length;

    /// <summary>The character at the cursor, or NUL at the end.</summary>
    public char Peek(int ahead = 0) => offset + ahead < text.Length ? text[offset + ahead] : '\0';

    public bool At(string expected) => string.CompareOrdinal(text, offset, expected, 0, expected.Length) == 0;

    public bool AtComment => Peek() == '#' || At("//");

    public void Skip(int characters = 1)
    {
        for (var end = offset + characters; offset < end; offset++)
        {
            if (text[offset] == '\n') line++;
        }
    }

    public bool TrySkip(string expected)
    {
        if (!At(expected)) return false;
        Skip(expected.Length);
        return true;
    }

    /// <summary>Blanks of this line; they are returned, because between two words they belong to the text.</summary>
    public string SkipSpaces()
    {
        var start = offset;
        while (!AtEnd && Peek() != '\n' && IsSpace(Peek())) offset++;
        return text[start..offset];
    }

    /// <summary>Blanks, comments and line ends.</summary>
    /// <returns>Whether a line ended.</returns>
    public bool SkipToContent()
    {
        var startLine = line;
        while (!AtEnd)
        {
            if (IsSpace(Peek())) Skip();
            else if (AtComment) SkipComment();
            else break;
        }

        return line != startLine;
    }

    public void SkipComment()
    {
        while (!AtEnd && Peek() != '\n') offset++;
    }

    /// <summary>Text in double or in triple double quotes; the cursor is at the first quote.</summary>
    public string ReadQuoted() => At("\"\"\"") ? ReadTripleQuoted() : ReadSingleQuoted();

    /// <summary>Text up to a blank, a line end, a comment or a reserved character.</summary>
    /// <param name="stopAtDot">In a path a dot ends a key and + may start +=; in a value both are text (1e+5, selective++).</param>
    /// <returns>The text; empty if the cursor is at something else.</returns>
    public string ReadUnquoted(bool stopAtDot)
    {
        var start = offset;
        while (!AtEnd && !IsSpace(Peek()) && !AtComment && !(stopAtDot && Peek() == '.')
            && (!Reserved.Contains(Peek()) || (Peek() == '+' && !stopAtDot))) offset++;
        return text[start..offset];
    }

    public HoconException Error(string message) => new(Here, message);

    /// <summary>What stands at the cursor, for a message.</summary>
    public string Found() => AtEnd ? "the end of the file" : Peek() == '\n' ? "the end of the line" : HoconText.Quote(Peek().ToString());

    private string ReadSingleQuoted()
    {
        var opened = Here;
        Skip();
        var result = new StringBuilder();
        while (Peek() != '"')
        {
            if (AtEnd || Peek() == '\n') throw new HoconException(opened, "a quoted string does not end on its line; use \"\"\" for text of several lines");
            if (Peek() == '\\') result.Append(ReadEscape());
            else
            {
                result.Append(Peek());
                Skip();
            }
        }

        Skip();
        return result.ToString();
    }

    private char ReadEscape()
    {
        var kind = Peek(1);
        var plain = "\"\\/bfnrt".IndexOf(kind, StringComparison.Ordinal);
        if (plain >= 0 && kind != '\0')
        {
            Skip(2);
            return "\"\\/\b\f\n\r\t"[plain];
        }

        if (kind == 'u' && offset + 6 <= text.Length
            && ushort.TryParse(text.AsSpan(offset + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
        {
            Skip(6);
            return (char)code;
        }

        throw Error($"unknown escape '\\{(AtEnd ? "" : HoconText.Escape(kind.ToString()))}' in a quoted string; allowed: \\\" \\\\ \\/ \\b \\f \\n \\r \\t "
            + "\\uXXXX");
    }

    private string ReadTripleQuoted()
    {
        var opened = Here;
        Skip(3);
        var end = text.IndexOf("\"\"\"", offset, StringComparison.Ordinal);
        if (end < 0) throw new HoconException(opened, "a string that starts with \"\"\" never ends");

        // Quotes before the last three belong to the text: """"a"""" holds "a".
        while (end + 3 < text.Length && text[end + 3] == '"') end++;
        var result = text[offset..end];
        Skip(end + 3 - offset);
        return result;
    }

    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is '\uFEFF' or (>= '\u001C' and <= '\u001F');
}
