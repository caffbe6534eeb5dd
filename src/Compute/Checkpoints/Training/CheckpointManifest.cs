using System.Collections.Immutable;
using System.Globalization;
using ActorRing.Actors.Ids;
using ActorRing.Compute.Model;
using ActorRing.Compute.Sharding;

namespace ActorRing.Compute.Checkpoints.Training;

/// <summary>What a TrainingCheckpoint is: whose, of which state, in which files, and where its training goes on. Equal ones have equal bytes (<see cref="ManifestJson"/>).</summary>
public sealed record CheckpointManifest
{
    /// <summary>Name of the manifest in its folder; written last.</summary>
    public const string FileName = "manifest.json";

    /// <summary>Identifies the job for good; the caller's choice.</summary>
    public required string Job { get; init; }

    /// <summary>The epoch whose ranks wrote the shards.</summary>
    public required RingEpoch Epoch { get; init; }

    /// <summary>Updates of the job in the state.</summary>
    public required long StepsDone { get; init; }

    /// <summary>What the state comes to (<see cref="TrainingState.Digest"/>).</summary>
    public required StateDigest Digest { get; init; }

    /// <summary>The ranks' files, by rank.</summary>
    public required ImmutableArray<ShardReceipt> Shards { get; init; }

    /// <summary>Sizes of the model.</summary>
    public required ModelDims Model { get; init; }

    /// <summary>Where the data goes on.</summary>
    public required DataCursor Cursor { get; init; }

    /// <summary>Updates that the moments have seen.</summary>
    public required long OptimizerUpdates { get; init; }

    /// <summary>Of each stage's data order.</summary>
    public required ImmutableArray<long> DataSeeds { get; init; }

    /// <summary>How the sequence was shared.</summary>
    public required string Mode { get; init; }

    /// <summary>Hash of the plan by which it was.</summary>
    public required string PlanHash { get; init; }

    /// <summary>Ranks that wrote it.</summary>
    public int Ranks => Shards.Length;

    /// <summary>How the state is cut.</summary>
    public ShardMap Map => new ParameterLayout(Model).Shards;

    /// <summary>Name of a rank's file.</summary>
    public static string FileOf(int rank) => string.Create(CultureInfo.InvariantCulture, $"rank-{rank:00000}.safetensors");
}

/// <summary>A rank's file as it was written.</summary>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Of all its bytes, lower-case hexadecimal.</param>
public readonly record struct ShardReceipt(long Bytes, string Sha256);

/// <summary>Where the data of a job goes on.</summary>
/// <param name="Stage">Name of the stage.</param>
/// <param name="StageStep">Updates done in that stage.</param>
public sealed record DataCursor(string Stage, long StageStep);
