using System.Text.Json.Serialization;

namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>What one model answered at one context length and one depth. Written with the keys of the field's needle tests, then our own.</summary>
public sealed record NeedleCell
{
    /// <summary>Name or folder of the model.</summary>
    [JsonPropertyName("model"), JsonPropertyOrder(0), JsonRequired]
    public required string Model { get; init; }

    /// <summary>Tokens of the haystack, at least 1.</summary>
    [JsonPropertyName("context_length"), JsonPropertyOrder(1), JsonRequired]
    public required long ContextLength { get; init; }

    /// <summary>Where the needle lies, 0 (start) to 100 (end).</summary>
    [JsonPropertyName("depth_percent"), JsonPropertyOrder(2), JsonRequired]
    public required double DepthPercent { get; init; }

    /// <summary>Which repetition of the test this is, from 1.</summary>
    [JsonPropertyName("version"), JsonPropertyOrder(3)]
    public int Version { get; init; } = 1;

    /// <summary>The needle; the last one where there were several samples.</summary>
    [JsonPropertyName("needle"), JsonPropertyOrder(4)]
    public string Needle { get; init; } = "";

    /// <summary>What the model said to that needle.</summary>
    [JsonPropertyName("model_response"), JsonPropertyOrder(5)]
    public string ModelResponse { get; init; } = "";

    /// <summary>Share of samples whose answer was right in all tokens, 0 to 1.</summary>
    [JsonPropertyName("score"), JsonPropertyOrder(6), JsonRequired]
    public required double Score { get; init; }

    /// <summary>Seconds that the whole cell took.</summary>
    [JsonPropertyName("test_duration_seconds"), JsonPropertyOrder(7)]
    public double TestDurationSeconds { get; init; }

    /// <summary>When the cell was done.</summary>
    [JsonPropertyName("test_timestamp_utc"), JsonPropertyOrder(8), JsonConverter(typeof(UtcTimestamp))]
    public DateTime TestTimestampUtc { get; init; }

    /// <summary>Needles asked for.</summary>
    [JsonPropertyName("samples"), JsonPropertyOrder(9)]
    public int Samples { get; init; } = 1;

    /// <summary>Mean share of answer tokens that were right, 0 to 1; null where nobody counted.</summary>
    [JsonPropertyName("partial_credit"), JsonPropertyOrder(10)]
    public double? PartialCredit { get; init; }

    /// <summary>Share of samples in which the model, writing freely, gave the number first, 0 to 1; null where it was not asked to.</summary>
    [JsonPropertyName("free_score"), JsonPropertyOrder(11), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? FreeScore { get; init; }

    /// <summary>What the model wrote freely after the last sample's question; null where it was not asked to.</summary>
    [JsonPropertyName("free_response"), JsonPropertyOrder(12), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FreeResponse { get; init; }

    /// <summary>One line about the first value that cannot be, or null.</summary>
    public string? Fault() =>
        string.IsNullOrEmpty(Model) ? "model is empty; allowed: a name"
        : ContextLength < 1 ? FormattableString.Invariant($"context_length is {ContextLength}; allowed: 1 or more")
        : !(DepthPercent is >= 0 and <= 100) ? FormattableString.Invariant($"depth_percent is {DepthPercent}; allowed: 0 to 100")
        : !(Score is >= 0 and <= 1) ? FormattableString.Invariant($"score is {Score}; allowed: 0 to 1")
        : PartialCredit is { } partial && !(partial is >= 0 and <= 1) ? FormattableString.Invariant($"partial_credit is {partial}; allowed: 0 to 1")
        : FreeScore is { } free && !(free is >= 0 and <= 1) ? FormattableString.Invariant($"free_score is {free}; allowed: 0 to 1")
        : Samples < 1 ? FormattableString.Invariant($"samples is {Samples}; allowed: 1 or more")
        : null;
}
