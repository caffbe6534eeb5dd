using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ActorRing.Compute.Model.Config;

/// <summary>Changes single values in the text of a JSON object and leaves every other byte as it is.</summary>
internal static class JsonText
{
    /// <summary>A double as Python writes it (<c>10000.0</c>, <c>1e-05</c>), so that files look like those of transformers and floats stay floats.</summary>
    public static string Number(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');
        return text.AsSpan().ContainsAny(".e") ? text : text + ".0";
    }

    /// <summary>A list of values.</summary>
    public static string List(IEnumerable<string> values) => $"[{string.Join(", ", values)}]";

    /// <summary>An object of values.</summary>
    public static string Object(IEnumerable<KeyValuePair<string, string>> fields) =>
        $"{{{string.Join(", ", fields.Select(field => $"\"{field.Key}\": {field.Value}"))}}}";

    /// <summary>Gives a key a value: in its place if it is there, else behind the last key, set off as the first one is.</summary>
    /// <param name="json">A valid object without duplicate keys.</param>
    /// <param name="path">The key, after the keys of the objects around it; those must exist.</param>
    /// <param name="value">JSON.</param>
    public static byte[] Set(byte[] json, ReadOnlySpan<string> path, string value)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        for (var depth = 0; depth < path.Length; depth++)
        {
            var (objectStart, lastValueEnd) = ((int)reader.TokenStartIndex, -1);
            var (firstKey, found) = (-1, false);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                firstKey = firstKey < 0 ? (int)reader.TokenStartIndex : firstKey;
                found = reader.ValueTextEquals(path[depth]);
                reader.Read();
                if (found)
                {
                    break;
                }
                reader.Skip();
                lastValueEnd = (int)reader.BytesConsumed;
            }
            if (!found)
            {
                return firstKey < 0
                    ? Splice(json, objectStart + 1, objectStart + 1, $"\"{path[depth]}\": {value}")
                    : Splice(json, lastValueEnd, lastValueEnd,
                        $",{Encoding.UTF8.GetString(json, objectStart + 1, firstKey - objectStart - 1)}\"{path[depth]}\": {value}");
            }
        }
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return Splice(json, start, (int)reader.BytesConsumed, value);
    }

    private static byte[] Splice(byte[] json, int start, int end, string text) =>
        [.. json.AsSpan(0, start), .. Encoding.UTF8.GetBytes(text), .. json.AsSpan(end)];
}
