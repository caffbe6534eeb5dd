using System.Globalization;
using System.Text;

namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>Text of somebody else inside our one-line messages.</summary>
internal static class HoconText
{
    /// <summary>Longest piece of a value that a message repeats.</summary>
    private const int ShownCharacters = 60;

    /// <summary>The value in single quotes, shortened, and unable to start a line of its own or to colour a terminal.</summary>
    public static string Quote(string text) =>
        text.Length <= ShownCharacters ? $"'{Escape(text)}'" : $"'{Escape(text[..ShownCharacters])}…' ({text.Length} characters)";

    /// <summary>Control characters as <c>\uXXXX</c>.</summary>
    public static string Escape(string text)
    {
        if (!text.Any(char.IsControl)) return text;
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (char.IsControl(c)) escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else escaped.Append(c);
        }

        return escaped.ToString();
    }
}
