using System.Text.Encodings.Web;
using System.Text.Json;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>How benchmarks print: snake_case JSON for programs, short lines for people.</summary>
internal static class BenchJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal static string Of<T>(T value) => JsonSerializer.Serialize(value, Options);

    internal static double Round(double value, int digits) => Math.Round(value, digits, MidpointRounding.AwayFromZero);
}
