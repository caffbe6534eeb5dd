using System.Globalization;

namespace ActorRing.Actors.Plans.Cost;

/// <summary>Numbers as sentences say them; the same on every machine.</summary>
internal static class Words
{
    private const double KiB = 1024;

    internal static string Bytes(double bytes) => bytes switch
    {
        >= KiB * KiB * KiB => Fixed(bytes / (KiB * KiB * KiB), "GiB"),
        >= KiB * KiB => Fixed(bytes / (KiB * KiB), "MiB"),
        >= KiB => Fixed(bytes / KiB, "KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes:F0} B"),
    };

    internal static string Seconds(double seconds) => seconds switch
    {
        >= 1 => Fixed(seconds, "s"),
        >= 1e-3 => Fixed(1e3 * seconds, "ms"),
        _ => Fixed(1e6 * seconds, "us"),
    };

    internal static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:F1} %");

    internal static string Times(double factor) => string.Create(CultureInfo.InvariantCulture, $"{factor:F2}x");

    internal static string Whole(double number) => string.Create(CultureInfo.InvariantCulture, $"{number:F0}");

    private static string Fixed(double number, string unit) => number >= 100
        ? string.Create(CultureInfo.InvariantCulture, $"{number:F0} {unit}")
        : string.Create(CultureInfo.InvariantCulture, $"{number:F1} {unit}");
}
