using System.Text;

namespace ActorRing.Cluster.Hosting.Telemetry;

/// <summary>How names of the code are spelt in labels and files.</summary>
internal static class Words
{
    /// <summary><c>MemberExit</c> as <c>member_exit</c>.</summary>
    internal static string Of<T>(T value)
        where T : struct, Enum
    {
        var text = new StringBuilder();
        foreach (var c in value.ToString())
        {
            if (char.IsAsciiLetterUpper(c) && text.Length > 0)
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    /// <summary>Whether a name may become the name of a file: letters, digits, <c>.</c>, <c>_</c>, <c>-</c>, at most 64, not starting with <c>.</c>.</summary>
    internal static bool IsFileName(string name) =>
        name.Length is > 0 and <= 64 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
