using System.Text.Json;
using ActorRing.Compute.Checkpoints;

namespace ActorRing.Compute.Model.Config;

/// <summary>
/// An object of a configuration file that knows which of its keys were asked for, so that the rest can be refused. JSON null counts as absent.
/// </summary>
internal sealed class ConfigObject
{
    private readonly JsonElement json;
    private readonly string prefix;
    private readonly HashSet<string> known = new(StringComparer.Ordinal);

    /// <summary>Wraps an object.</summary>
    /// <param name="json">The object.</param>
    /// <param name="file">Names the file in messages.</param>
    /// <param name="prefix">Stands before keys in messages, for example <c>rope_scaling.</c>.</param>
    public ConfigObject(JsonElement json, string file, string prefix = "")
    {
        Check = new ConfigCheck(file);
        this.prefix = prefix;
        this.json = json.ValueKind == JsonValueKind.Object
            ? json
            : throw Check.Refusal(prefix.Length == 0 ? "the file" : prefix.TrimEnd('.'), Quote.Of(json.GetRawText()), "an object");
    }

    /// <summary>Refuses values.</summary>
    public ConfigCheck Check { get; }

    /// <summary>Whether a key is there and its value is null.</summary>
    public bool IsNull(string key) => json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Null;

    /// <summary>The value of a key, or null.</summary>
    public JsonElement? Element(string key)
    {
        known.Add(key);
        return json.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>An integer, or null.</summary>
    public int? Int(string key) => Element(key) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var integer) ? integer
        : throw Refusal(key, value, "an integer below 2^31");

    /// <summary>An integer that must be there.</summary>
    public int RequiredInt(string key) => Int(key) ?? throw Missing(key, "an integer");

    /// <summary>A finite number, or null.</summary>
    public double? Number(string key) => Element(key) is { } value ? Number(key, value) : null;

    /// <summary>A finite number that must be there.</summary>
    public double RequiredNumber(string key) => Number(key) ?? throw Missing(key, "a number");

    /// <summary>A list of finite numbers that must be there.</summary>
    public IEnumerable<double> RequiredNumbers(string key) => Element(key) is not { } value ? throw Missing(key, "a list of numbers")
        : value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(element => Number(key, element))
        : throw Refusal(key, value, "a list of numbers");

    /// <summary>True or false, or null.</summary>
    public bool? Bool(string key) => Element(key) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Refusal(key, value, "true or false");

    /// <summary>A string, or null.</summary>
    public string? Text(string key) => Element(key) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw Refusal(key, value, "a string");

    /// <summary>Refuses a value unless it is one of <paramref name="allowed"/> as JSON text, or absent.</summary>
    public void MustBe(string key, params ReadOnlySpan<string> allowed)
    {
        if (Element(key) is { } value && !allowed.Contains(value.GetRawText()))
        {
            throw Refusal(key, value, string.Join(" or ", allowed.ToArray()));
        }
    }

    /// <summary>Refuses the first key that nobody asked for, unless it is known to be harmless.</summary>
    public void RefuseUnknown(Func<string, bool> harmless, string allowed)
    {
        foreach (var property in json.EnumerateObject())
        {
            if (!known.Contains(property.Name) && !harmless(property.Name))
            {
                throw Check.Refusal($"unknown key {prefix}{Quote.Of(property.Name)}", Quote.Of(property.Value.GetRawText()), allowed);
            }
        }
    }

    /// <summary>The exception for a value of this object.</summary>
    public InvalidDataException Refusal(string key, JsonElement value, string allowed) => Check.Refusal(prefix + key, Quote.Of(value.GetRawText()), allowed);

    private double Number(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)
            ? number
            : throw Refusal(key, value, "a finite number");

    private InvalidDataException Missing(string key, string allowed) => Check.Refusal(prefix + key, "missing", allowed);
}
