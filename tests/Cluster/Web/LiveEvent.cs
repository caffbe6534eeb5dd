using System.Text;
using System.Text.Json;

namespace ActorRing.Cluster.Specs.Web;

/// <summary>An event of a stream, read as strictly as the standard for server-sent events allows.</summary>
internal sealed record LiveEvent(string Name, JsonElement Data)
{
    internal static LiveEvent Parse(byte[] frame)
    {
        var text = Encoding.UTF8.GetString(frame);
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', text);
        var lines = text[..^2].Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("event: ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("data: ", lines[1], StringComparison.Ordinal);
        return new LiveEvent(lines[0]["event: ".Length..], JsonDocument.Parse(lines[1]["data: ".Length..]).RootElement);
    }

    internal long[] Steps => [.. Data.GetProperty("steps").EnumerateArray().Select(row => row[0].GetInt64())];

    internal string[] Events => [.. Data.GetProperty("events").EnumerateArray().Select(row => row.GetProperty("text").GetString()!)];
}
