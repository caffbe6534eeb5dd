using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace ActorRing.Cluster.Cli;

/// <summary>Options that take a whole number within bounds; anything else is one line with the option, the value and what is allowed.</summary>
internal static class NumberOption
{
    /// <summary>Makes an option.</summary>
    /// <param name="name">With its dashes.</param>
    /// <param name="description">For <c>--help</c>.</param>
    /// <param name="orElse">The value when it is not given.</param>
    /// <param name="min">Least value allowed.</param>
    /// <param name="max">Greatest value allowed.</param>
    internal static Option<T> Of<T>(string name, string description, T orElse, T min, T max)
        where T : struct, IBinaryInteger<T> => Of(name, description, orElse, min, max, NumberStyles.AllowLeadingSign, "a whole number");

    /// <summary>An option that takes a share.</summary>
    /// <param name="name">With its dashes.</param>
    /// <param name="description">For <c>--help</c>.</param>
    /// <param name="orElse">The value when it is not given.</param>
    internal static Option<double> Share(string name, string description, double orElse) => Of(name, description, orElse, 0.0, 1.0, NumberStyles.Float, "a number");

    /// <summary>Threads of the kernels.</summary>
    /// <param name="orElse">The value when it is not given.</param>
    /// <param name="min">0 where that stands for all cores.</param>
    internal static Option<int> Threads(int orElse, int min) =>
        Of("--threads", min == 0 ? "Threads that compute; 0 for all cores." : "Threads that compute.", orElse, min, 1024);

    private static Option<T> Of<T>(string name, string description, T orElse, T min, T max, NumberStyles style, string kind)
        where T : struct, INumber<T> => new(name)
        {
            Description = description,
            DefaultValueFactory = _ => orElse,
            CustomParser = result =>
            {
                var text = result.Tokens is [var token] ? token.Value : "";
                if (T.TryParse(text, style, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
                {
                    return value;
                }

                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} is '{text}', allowed: {kind} from {min} to {max}"));
                return orElse;
            },
        };
}
