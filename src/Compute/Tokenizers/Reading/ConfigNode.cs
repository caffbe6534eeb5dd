using System.Globalization;
using System.Text.Json;

namespace ActorRing.Compute.Tokenizers.Reading;

/// <summary>One JSON value of a tokenizer file together with the file and key it came from, so that every refusal can name all three.</summary>
internal readonly struct ConfigNode(JsonElement element, string file, string key)
{
    private const int ShownCharacters = 60;

    public JsonElement Element => element;

    public string Key => key;

    public ConfigNode Required(string name) =>
        Optional(name) ?? throw new InvalidDataException($"{file}: key '{Child(name)}' is missing or null; a value is required");

    /// <summary>The value under <paramref name="name"/>, or null when the key is absent or holds JSON null.</summary>
    public ConfigNode? Optional(string name)
    {
        RequireKind(JsonValueKind.Object, "an object");
        return element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? new ConfigNode(value, file, Child(name))
            : null;
    }

    public IEnumerable<ConfigNode> Items()
    {
        RequireKind(JsonValueKind.Array, "an array");
        var (source, path) = (file, key);
        return element.EnumerateArray().Select((item, index) => new ConfigNode(item, source, string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]")));
    }

    public IEnumerable<(string Name, ConfigNode Value)> Members()
    {
        RequireKind(JsonValueKind.Object, "an object");
        var self = this;
        return element.EnumerateObject().Select(member => (member.Name, new ConfigNode(member.Value, self.File, self.Child(member.Name))));
    }

    private string File => file;

    public string Text()
    {
        RequireKind(JsonValueKind.String, "a string");
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // An escape such as \ud800 alone is legal JSON and not a legal string.
            throw Refused("text without unpaired surrogates");
        }
    }

    public string NonEmptyText() => Text() is { Length: > 0 } text ? text : throw Refused("a string of at least one character");

    public bool Flag() => element.ValueKind is JsonValueKind.True or JsonValueKind.False ? element.GetBoolean() : throw Refused("true or false");

    public bool Flag(string name, bool fallback) => Optional(name)?.Flag() ?? fallback;

    public int Natural() =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var value) && value is >= 0 and < int.MaxValue
            ? value
            : throw Refused("a whole number from 0 to 2147483646");

    public T OneOf<T>(params ReadOnlySpan<(string Name, T Value)> choices)
    {
        var text = element.ValueKind == JsonValueKind.String ? Text() : null;
        foreach (var (name, value) in choices)
        {
            if (name == text) return value;
        }

        var names = new List<string>();
        foreach (var (name, _) in choices) names.Add(name);
        throw Refused(string.Join(", ", names));
    }

    /// <summary>Refuses keys that this reader would otherwise ignore: an ignored key is a guess that it does not matter.</summary>
    public void OnlyKeys(params ReadOnlySpan<string> allowed)
    {
        RequireKind(JsonValueKind.Object, "an object");
        foreach (var member in element.EnumerateObject())
        {
            if (!allowed.Contains(member.Name))
                throw new InvalidDataException($"{file}: unknown key '{Child(member.Name)}'; allowed: {string.Join(", ", allowed.ToArray())}");
        }
    }

    public InvalidDataException Refused(string allowed) => new($"{file}: key '{key}' is {Shown()}; allowed: {allowed}");

    private void RequireKind(JsonValueKind kind, string name)
    {
        if (element.ValueKind != kind) throw Refused(name);
    }

    private string Child(string name) => key.Length == 0 ? name : $"{key}.{name}";

    private string Shown()
    {
        var raw = element.GetRawText().ReplaceLineEndings(" ");
        return raw.Length <= ShownCharacters ? raw : raw[..ShownCharacters] + "...";
    }
}
