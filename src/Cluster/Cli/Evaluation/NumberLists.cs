using System.Globalization;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Evaluation;

/// <summary>Lists and ranges of numbers in options.</summary>
internal static class NumberLists
{
    /// <summary>Whole numbers by commas, rising; 4k stands for 4096.</summary>
    /// <exception cref="UsageException">Anything else.</exception>
    internal static int[] Lengths(string option, string text, int least = 1)
    {
        var lengths = text.Split(',').Select(Length).ToArray();
        return lengths.Any(length => length < least) ? throw new UsageException($"{option} is '{text}', allowed: whole numbers from {least} by commas, such as 1k,2k,4096") : [.. lengths.Distinct().Order()];
    }

    /// <summary>Per cents by commas, rising.</summary>
    /// <exception cref="UsageException">Anything else.</exception>
    internal static double[] Depths(string option, string text)
    {
        var depths = text.Split(',').Select(part => double.TryParse(part, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var depth) && depth <= 100 ? depth : -1).ToArray();
        return depths.Contains(-1) ? throw new UsageException($"{option} is '{text}', allowed: numbers from 0 to 100 by commas, such as 0,25,50") : [.. depths.Distinct().Order()];
    }

    /// <summary>From the first to the last in equal steps, the last included where a step meets it.</summary>
    internal static IEnumerable<int> Range(int first, int last, int step)
    {
        for (long at = first; at <= last; at += step)
        {
            yield return (int)at;
        }
    }

    private static int Length(string text)
    {
        var thousands = text.EndsWith('k') || text.EndsWith('K');
        return int.TryParse(thousands ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= (1 << 30) / (thousands ? 1024 : 1)
            ? number * (thousands ? 1024 : 1)
            : 0;
    }
}
