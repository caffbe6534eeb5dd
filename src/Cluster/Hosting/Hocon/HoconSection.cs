using System.Globalization;

namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>
/// One object of the settings, read key by key. A wrong value is reported to the binder and stands in as the fallback, so that one run names all
/// mistakes. In every method <c>orElse</c> is the value of a key that is absent or <c>null</c>; without it such a key is an error.
/// </summary>
internal sealed class HoconSection(HoconBinder binder, HoconObject node, string shown, string pattern)
{
    private delegate bool Parse<T>(string text, out T value);

    /// <summary>Where the section was written.</summary>
    public HoconPosition At => node.At;

    /// <summary>What was written here, whether anybody reads it or not.</summary>
    public IEnumerable<string> Keys => node.Fields.Keys;

    /// <summary>The key as messages name it.</summary>
    public string PathOf(string key) => HoconBinder.Join(shown, key);

    /// <summary>Whether the key has a value other than null.</summary>
    public bool Has(string key) => Value(key) is not (null or HoconScalar { IsNull: true });

    /// <summary>Whether a layer above the reference gave the key a value.</summary>
    public bool IsGiven(string key) => Value(key) is { } value && Has(key) && !binder.IsReference(value.At);

    /// <summary>Whether an argument of the command line gave the key its value.</summary>
    public bool IsArgument(string key) => Has(key) && Value(key)!.At.IsArgument;

    /// <summary>Reports a value that is wrong beside others.</summary>
    /// <param name="key">The key that the message is about.</param>
    /// <param name="message">What follows the key's name.</param>
    public void Fail(string key, string message) => binder.Fail(Value(key)?.At ?? At, $"{PathOf(key)} {message}");

    public int GetInt(string key, int min, int max, int? orElse = null) => (int)GetLong(key, min, max, orElse);

    /// <summary>A whole number, with <c>k</c>, <c>Ki</c>, <c>M</c> for powers of 1024.</summary>
    public long GetLong(string key, long min, long max, long? orElse = null) =>
        Read(key, WholeNumber(min, max), orElse is not null, orElse ?? min, (string text, out long value) =>
            HoconUnits.TryCount(text, out value) && value >= min && value <= max);

    /// <summary>A whole number; null for a key that is absent or null.</summary>
    public int? GetOptionalInt(string key, int min, int max) => (int?)Read(key, WholeNumber(min, max), true, null, (string text, out long? value) =>
    {
        var read = HoconUnits.TryCount(text, out var count);
        value = count;
        return read && count >= min && count <= max;
    });

    /// <param name="key">The key.</param>
    /// <param name="min">Least value allowed.</param>
    /// <param name="max">Greatest value allowed.</param>
    /// <param name="above">Whether <paramref name="min"/> itself is not allowed.</param>
    /// <param name="orElse">For a key without a value.</param>
    public double GetDouble(string key, double min, double max, bool above = false, double? orElse = null) =>
        Read(key, Number(min, max, above), orElse is not null, orElse ?? max, (string text, out double value) => TryNumber(text, min, max, above, out value));

    /// <summary>A number; null for <c>off</c> or a key that is absent or null.</summary>
    public double? GetDoubleOrOff(string key, double min, double max, bool above = false) =>
        Read(key, $"{Number(min, max, above)}, or off", true, null, (string text, out double? value) =>
        {
            var off = text == "off";
            var read = TryNumber(text, min, max, above, out var number);
            value = off ? null : number;
            return off || read;
        });

    /// <summary>A number; null for a key that is absent or null.</summary>
    public double? GetOptionalDouble(string key, double min, double max, bool above = false) =>
        Read(key, Number(min, max, above), true, null, (string text, out double? value) =>
        {
            var read = TryNumber(text, min, max, above, out var number);
            value = number;
            return read;
        });

    public bool GetBool(string key, bool? orElse = null) => Read(key, "true or false", orElse is not null, orElse ?? false, HoconUnits.TryBoolean);

    /// <param name="key">The key.</param>
    /// <param name="allowed">What the message says is allowed.</param>
    /// <param name="isAllowed">What is.</param>
    /// <param name="orElse">For a key without a value.</param>
    public string GetString(string key, string allowed = "text", Func<string, bool>? isAllowed = null, string? orElse = null) =>
        Read(key, allowed, orElse is not null, orElse ?? "", (string text, out string value) =>
        {
            value = text;
            return text.Length > 0 && (isAllowed is null || isAllowed(text));
        });

    /// <summary>Text; null for a key that is absent or null.</summary>
    public string? GetOptionalString(string key) => Has(key) ? GetString(key) : Nothing(key);

    /// <summary>One of a few spellings, which are case-sensitive.</summary>
    public T GetEnum<T>(string key, IReadOnlyDictionary<string, T> spellings, T? orElse = null)
        where T : struct
        => Read(key, string.Join(", ", spellings.Keys), orElse is not null, orElse ?? default, (string text, out T value) =>
            spellings.TryGetValue(text, out value));

    /// <summary>A duration such as <c>5s</c>; <see cref="Timeout.InfiniteTimeSpan"/> for <c>off</c> or <c>infinite</c>.</summary>
    public TimeSpan GetDuration(string key, TimeSpan min, TimeSpan max, bool offAllowed = false, TimeSpan? orElse = null) =>
        Read(key, $"a duration such as 5s, 100 ms, 2m from {Show(min)} to {Show(max)}{(offAllowed ? ", or off" : "")}", orElse is not null, orElse ?? min,
            (string text, out TimeSpan value) =>
            {
                if (offAllowed && text is "off" or "infinite")
                {
                    value = Timeout.InfiniteTimeSpan;
                    return offAllowed;
                }

                return HoconUnits.TryDuration(text, out value) && value >= min && value <= max;
            });

    /// <summary>Bytes, such as <c>64MiB</c>.</summary>
    public long GetSize(string key, long minBytes, long maxBytes, long? orElse = null) =>
        Read(key, $"a size such as 64MiB, 128k, 1GB from {minBytes} to {maxBytes} bytes", orElse is not null, orElse ?? minBytes,
            (string text, out long value) => HoconUnits.TrySize(text, out value) && value >= minBytes && value <= maxBytes);

    /// <summary>A list of texts; one text alone is a list of one.</summary>
    public IReadOnlyList<string> GetStrings(string key, IReadOnlyList<string>? orElse = null)
    {
        binder.Asked(Pattern(key), isSection: false);
        switch (Value(key))
        {
            case var one when IsText(one):
                return [((HoconScalar)one!).Text];
            case HoconArray list when list.Items.All(IsText):
                return [.. list.Items.Select(item => ((HoconScalar)item).Text)];
            case HoconArray list:
                Fail(key, $"holds {list.Items.First(item => !IsText(item)).Kind}; allowed: a list of texts");
                return orElse ?? [];
            case null or HoconScalar { IsNull: true }:
                if (orElse is null) Fail(key, "has no value; allowed: a list of texts");
                return orElse ?? [];
            case var wrong:
                Fail(key, $"is {wrong.Kind}; allowed: a list of texts");
                return orElse ?? [];
        }
    }

    /// <summary>An object inside; an empty one if the key is absent or null.</summary>
    public HoconSection GetSection(string key)
    {
        binder.Asked(Pattern(key), isSection: true);
        var value = Value(key);
        if (value is not (null or HoconObject or HoconScalar { IsNull: true })) Fail(key, $"is {value.Kind}; allowed: an object");
        return new HoconSection(binder, value as HoconObject ?? new HoconObject(value?.At ?? At, []), PathOf(key), Pattern(key));
    }

    /// <summary>A list of objects inside.</summary>
    /// <param name="key">The key.</param>
    /// <param name="atLeastOne">Whether an empty or missing list is an error.</param>
    public IReadOnlyList<HoconSection> GetSections(string key, bool atLeastOne = false)
    {
        binder.Asked(Pattern(key) + "[]", isSection: true);
        switch (Value(key))
        {
            case null or HoconScalar { IsNull: true } or HoconArray { Items.Count: 0 }:
                if (atLeastOne) Fail(key, "is empty; allowed: a list of at least one object");
                return [];
            case HoconArray list when list.Items.All(item => item is HoconObject):
                return [.. list.Items.Select((item, i) => new HoconSection(binder, (HoconObject)item, $"{PathOf(key)}[{i}]", Pattern(key) + "[]"))];
            case HoconArray list:
                Fail(key, $"holds {list.Items.First(item => item is not HoconObject).Kind}; allowed: a list of objects");
                return [];
            case var wrong:
                Fail(key, $"is {wrong.Kind}; allowed: a list of objects");
                return [];
        }
    }

    private static bool IsText(HoconValue? value) => value is HoconScalar { IsNull: false, Text.Length: > 0 };

    private static string WholeNumber(long min, long max) => string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}");

    private static string Number(double min, double max, bool above) => max == double.MaxValue
        ? string.Create(CultureInfo.InvariantCulture, $"a number {(above ? "above" : "from")} {min}{(above ? "" : " on")}")
        : string.Create(CultureInfo.InvariantCulture, $"a number {(above ? "above" : "from")} {min} {(above ? "and up to" : "to")} {max}");

    private static string Show(TimeSpan duration) => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds}s");

    private static bool TryNumber(string text, double min, double max, bool above, out double value) =>
        HoconUnits.TryNumber(text, out value) && (above ? value > min : value >= min) && value <= max;

    private HoconValue? Value(string key) => node.Fields.GetValueOrDefault(key);

    private string Pattern(string key) => HoconBinder.Join(pattern, key);

    private string? Nothing(string key)
    {
        binder.Asked(Pattern(key), isSection: false);
        return null;
    }

    private T Read<T>(string key, string allowed, bool absentAllowed, T fallback, Parse<T> parse)
    {
        binder.Asked(Pattern(key), isSection: false);
        switch (Value(key))
        {
            case null or HoconScalar { IsNull: true }:
                if (!absentAllowed) Fail(key, $"has no value; allowed: {allowed}");
                return fallback;
            case HoconScalar scalar when parse(scalar.Text.Trim(), out var value):
                return value;
            case var wrong:
                Fail(key, $"is {wrong.Kind}; allowed: {allowed}");
                return fallback;
        }
    }
}
