using System.Globalization;
using System.Numerics;

namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>Numbers with and without units, as the HOCON specification spells them. Case matters in units: <c>m</c> is a minute, <c>M</c> is 2^20.</summary>
internal static class HoconUnits
{
    /// <summary><c>200</c>, <c>128k</c>, <c>128Ki</c>, <c>1M</c>: one letter is a power of 1024, as for sizes; <c>1e6</c> is a whole number too.</summary>
    public static bool TryCount(string text, out long count)
    {
        var (number, unit) = Split(text);
        var power = unit switch { "" => 0, "k" or "K" or "Ki" => 1, "m" or "M" or "Mi" => 2, "g" or "G" or "Gi" => 3, _ => -1 };
        return TryScale(number, power < 0 ? 0 : BigInteger.Pow(1024, power), out count);
    }

    /// <summary>
    /// <c>64MiB</c>, <c>128k</c>, <c>1GB</c>, plain bytes without a unit. <c>kB</c>, <c>MB</c> count by 1000; <c>k</c>, <c>K</c>, <c>KiB</c> by 1024.
    /// </summary>
    public static bool TrySize(string text, out long bytes)
    {
        var (number, unit) = Split(text);
        return TryScale(number, SizeUnit(unit), out bytes);
    }

    /// <summary><c>5s</c>, <c>100 ms</c>, <c>2m</c>, <c>1h</c>; milliseconds without a unit.</summary>
    public static bool TryDuration(string text, out TimeSpan duration)
    {
        duration = default;
        var (number, unit) = Split(text);
        double nanoseconds = unit switch
        {
            "ns" or "nano" or "nanos" or "nanosecond" or "nanoseconds" => 1,
            "us" or "micro" or "micros" or "microsecond" or "microseconds" => 1e3,
            "" or "ms" or "milli" or "millis" or "millisecond" or "milliseconds" => 1e6,
            "s" or "second" or "seconds" => 1e9,
            "m" or "minute" or "minutes" => 60e9,
            "h" or "hour" or "hours" => 3600e9,
            "d" or "day" or "days" => 86400e9,
            _ => 0,
        };
        if (nanoseconds == 0 || !TryNumber(number, out var value)) return false;
        var ticks = value * nanoseconds / TimeSpan.NanosecondsPerTick;
        if (Math.Abs(ticks) >= long.MaxValue) return false;
        duration = TimeSpan.FromTicks((long)Math.Round(ticks));
        return true;
    }

    /// <summary>A finite number in the notation of JSON.</summary>
    public static bool TryNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture,
            out number)
        && double.IsFinite(number);

    /// <summary><c>true yes on</c> and <c>false no off</c>.</summary>
    public static bool TryBoolean(string text, out bool value)
    {
        value = text is "true" or "yes" or "on";
        return value || text is "false" or "no" or "off";
    }

    private static BigInteger SizeUnit(string unit)
    {
        if (unit is "" or "B" or "b" or "byte" or "bytes") return 1;
        const string letters = "KMGTPE";
        string[] tens = ["kilo", "mega", "giga", "tera", "peta", "exa"];
        string[] twos = ["kibi", "mebi", "gibi", "tebi", "pebi", "exbi"];
        for (var power = 1; power <= letters.Length; power++)
        {
            var letter = letters[power - 1];
            if (unit == (power == 1 ? "kB" : $"{letter}B") || unit == $"{tens[power - 1]}byte" || unit == $"{tens[power - 1]}bytes")
                return BigInteger.Pow(1000, power);
            if (unit == $"{letter}" || unit == $"{char.ToLowerInvariant(letter)}" || unit == $"{letter}i" || unit == $"{letter}iB"
                || unit == $"{twos[power - 1]}byte" || unit == $"{twos[power - 1]}bytes")
                return BigInteger.Pow(1024, power);
        }

        return 0;
    }

    // Exact: a decimal keeps 0.1GB as written, and the product is taken of its digits. What is no whole number of the smallest unit is refused.
    private static bool TryScale(string number, BigInteger unit, out long result)
    {
        result = 0;
        const NumberStyles json = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (unit.IsZero || !decimal.TryParse(number, json, CultureInfo.InvariantCulture, out var value)) return false;
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        var digits = ((BigInteger)(uint)bits[2] << 64) + ((BigInteger)(uint)bits[1] << 32) + (uint)bits[0];
        var scaled = BigInteger.DivRem(digits * unit, BigInteger.Pow(10, value.Scale), out var rest);
        if (decimal.IsNegative(value)) scaled = -scaled;
        if (!rest.IsZero || scaled < long.MinValue || scaled > long.MaxValue) return false;
        result = (long)scaled;
        return true;
    }

    private static (string Number, string Unit) Split(string text)
    {
        var trimmed = text.Trim();
        var end = trimmed.Length;
        while (end > 0 && char.IsAsciiLetter(trimmed[end - 1])) end--;
        return (trimmed[..end].TrimEnd(), trimmed[end..]);
    }
}
