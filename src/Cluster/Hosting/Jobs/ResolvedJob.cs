using System.Text.Json;
using System.Text.Json.Serialization;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Compute.Model;

namespace ActorRing.Cluster.Hosting.Jobs;

/// <summary>A job with everything resolved, as it travels to the seed and to every rank: settings by value, paths complete, the model's sizes read.</summary>
/// <param name="Settings">Checked by whoever submits.</param>
/// <param name="Model">Of the model that the settings name.</param>
/// <param name="ReplacesModel">Whether the model that an earlier run left in the output folder may be replaced.</param>
public sealed record ResolvedJob(JobSettings Settings, ModelDims Model, bool ReplacesModel)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        Converters = { new JsonStringEnumConverter() },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        MaxDepth = 16,
    };

    /// <summary>Reads what <see cref="ToPayload"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is not that.</exception>
    public static ResolvedJob Of(ReadOnlySpan<byte> payload)
    {
        try
        {
            return JsonSerializer.Deserialize<ResolvedJob>(payload, Json) ?? throw new InvalidDataException("payload: is null; allowed: a resolved job");
        }
        catch (Exception flaw) when (flaw is JsonException or NotSupportedException or ArgumentException)
        {
            throw new InvalidDataException($"payload: is not a resolved job: {flaw.Message}", flaw);
        }
    }

    /// <summary>JSON, UTF-8: the same job gives the same bytes.</summary>
    public byte[] ToPayload() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>What machines are told.</summary>
    public JobSpec ToSpec() => new()
    {
        Name = Settings.Name,
        Payload = [.. ToPayload()],
        Ranks = Settings.Parallelism.Ranks,
        MinRanks = Settings.Parallelism.MinRanks,
        TrainSteps = Settings.Stages.Sum(stage => (long)stage.Steps),
        CheckpointEvery = Settings.Checkpoint.Interval,
        Granularity = Settings.Parallelism.Granularity,
    };
}
