using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ActorRing.Cluster.Hosting.Hocon;
using ActorRing.Cluster.Hosting.Settings;

namespace ActorRing.Cluster.Hosting.Telemetry;

/// <summary>Every setting of a job as it was used: reference, job file and arguments put together, substitutions followed.</summary>
public static class ResolvedConfig
{
    /// <summary>Reads the layers again and prints them as indented JSON. Takes what <see cref="JobSettings.Load"/> takes.</summary>
    /// <returns>An object with the keys of <c>hocon/reference.conf</c>; durations and sizes stay as they were written.</returns>
    /// <exception cref="HoconException">A file is missing or not HOCON, or a substitution has no target.</exception>
    public static string Json(string path, string referencePath, IReadOnlyList<string> overrides, Func<string, string?> environment)
    {
        var loader = new HoconLoader(environment).AddFile(referencePath).AddFile(path);
        foreach (var (key, value) in JobArguments.Parse(overrides))
        {
            loader.AddOverride(key, value);
        }

        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(json, loader.Resolve().Root);
        }

        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    private static void Write(Utf8JsonWriter json, HoconValue value)
    {
        switch (value)
        {
            case HoconObject fields:
                json.WriteStartObject();
                foreach (var (name, field) in fields.Fields)
                {
                    json.WritePropertyName(name);
                    Write(json, field);
                }

                json.WriteEndObject();
                break;
            case HoconArray list:
                json.WriteStartArray();
                foreach (var item in list.Items)
                {
                    Write(json, item);
                }

                json.WriteEndArray();
                break;
            case HoconScalar { IsNull: true }:
                json.WriteNullValue();
                break;
            case HoconScalar { Quoted: false, Text: "true" or "false" } flag:
                json.WriteBooleanValue(flag.Text == "true");
                break;
            case HoconScalar { Quoted: false } number when TryJsonNumber(number.Text, out var parsed):
                parsed.WriteTo(json);
                break;
            case HoconScalar text:
                json.WriteStringValue(text.Text);
                break;
        }
    }

    // An element keeps its spelling, so that 1e-5 does not become another one of the same number.
    private static bool TryJsonNumber(string text, out JsonElement number)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            number = document.RootElement.Clone();
            return number.ValueKind == JsonValueKind.Number;
        }
        catch (JsonException)
        {
            number = default;
            return false;
        }
    }
}
