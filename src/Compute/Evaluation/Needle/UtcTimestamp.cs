using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>Times as ISO 8601 in UTC; reads also the form with a space and <c>+0000</c> that needle tests of others write.</summary>
internal sealed class UtcTimestamp : JsonConverter<DateTime>
{
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.UtcDateTime
            : throw new JsonException($"test_timestamp_utc: '{text}' is not a time");
    }

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToUniversalTime());
}
