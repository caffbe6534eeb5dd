using ActorRing.Cluster.Hosting.Hocon;

namespace ActorRing.Cluster.Hosting.Settings;

/// <summary>Arguments of the command line as dotted keys and values.</summary>
internal static class JobArguments
{
    /// <exception cref="HoconException">An argument is not of the form <c>--key value</c> or <c>--key=value</c>.</exception>
    public static IEnumerable<(string Key, string Value)> Parse(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (!argument.StartsWith("--", StringComparison.Ordinal) || argument.Length == 2)
                throw new HoconException($"{HoconText.Quote(argument)} is not a setting; allowed: --KEY VALUE, such as --training.steps 200");
            if (argument.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
                yield return (argument[2..equals], argument[(equals + 1)..]);
            else if (i + 1 < arguments.Count && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal))
                yield return (argument[2..], arguments[++i]);
            else
                throw new HoconException($"{HoconText.Escape(argument)}: has no value; allowed: --KEY VALUE, such as --training.steps 200");
        }
    }
}
