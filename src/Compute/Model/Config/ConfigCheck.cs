using System.Globalization;

namespace ActorRing.Compute.Model.Config;

/// <summary>Refuses values of a configuration in one line: file, key, value, what is allowed.</summary>
/// <param name="File">Names the file in messages.</param>
internal readonly record struct ConfigCheck(string File)
{
    /// <summary>The exception for a value that is not allowed.</summary>
    public InvalidDataException Refusal(string key, string value, string allowed) => new($"{File}: {key} = {value}: allowed is {allowed}");

    /// <summary>Refuses <paramref name="value"/> unless <paramref name="holds"/>.</summary>
    public void Range(string key, double value, bool holds, string allowed)
    {
        if (!holds)
        {
            throw Refusal(key, value.ToString("R", CultureInfo.InvariantCulture), allowed);
        }
    }

    /// <summary>Refuses an integer outside a range.</summary>
    public void Range(string key, long value, long minimum, long maximum) =>
        Range(key, value, value >= minimum && value <= maximum, $"an integer from {minimum} to {maximum}");

    /// <summary>Refuses a stretch of sequences that would shrink them.</summary>
    public void Factor(string key, double? value) => Range(key, value ?? 1, (value ?? 1) is >= 1 and <= 1e9, "a number from 1 to 1e9");

    /// <summary>Refuses what is below 0 or not finite.</summary>
    public void NotNegative(string key, double? value) => Range(key, value ?? 0, (value ?? 0) is >= 0 and <= 1e9, "a number from 0 to 1e9");

    /// <summary>Refuses what is below 1.</summary>
    public void Positive(string key, int? value) => Range(key, value ?? 1, 1, int.MaxValue);
}
