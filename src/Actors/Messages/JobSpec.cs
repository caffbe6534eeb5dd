using System.Collections.Immutable;

namespace ActorRing.Actors.Messages;

/// <summary>How finely rotations wait for each other.</summary>
public enum GrantGranularity : byte
{
    /// <summary>A step is one unit: ranks meet in the collectives alone.</summary>
    PerStep,

    /// <summary>One grant for all rotations of a layer's pass.</summary>
    PerLayer,

    /// <summary>One grant for each rotation.</summary>
    PerHop,
}

/// <summary>What a job is, as far as machines care.</summary>
public sealed record JobSpec
{
    /// <summary>For people.</summary>
    public required string Name { get; init; }

    /// <summary>The whole resolved job; only the planner and the compute side look into it. At most 256 KiB.</summary>
    public ImmutableArray<byte> Payload { get; init; } = [];

    /// <summary>Ranks wanted.</summary>
    public required int Ranks { get; init; }

    /// <summary>Ranks that it goes on with when more cannot be had; equal to <see cref="Ranks"/> for none fewer.</summary>
    public required int MinRanks { get; init; }

    /// <summary>Updates to apply.</summary>
    public required long TrainSteps { get; init; }

    /// <summary>Updates from one TrainingCheckpoint to the next; the last update always gets one.</summary>
    public required int CheckpointEvery { get; init; }

    /// <summary>How finely rotations wait for each other.</summary>
    public GrantGranularity Granularity { get; init; }

    /// <summary>Whether an update of this many done is due for a TrainingCheckpoint by the calendar of the job.</summary>
    public bool IsCheckpointDue(long stepsDone) => stepsDone == TrainSteps || stepsDone % CheckpointEvery == 0;

    /// <summary>What is wrong with the numbers, in one line; null if nothing is.</summary>
    public string? Flaw()
    {
        if (Ranks is < 1 or > 10_000)
        {
            return Ids.Text.Of($"ranks = {Ranks}: 1 to 10000 are allowed");
        }

        if (MinRanks < 1 || MinRanks > Ranks)
        {
            return Ids.Text.Of($"min-ranks = {MinRanks}: 1 to ranks = {Ranks} are allowed");
        }

        if (TrainSteps < 1)
        {
            return Ids.Text.Of($"train-steps = {TrainSteps}: at least 1 is needed");
        }

        if (CheckpointEvery is < 1 or > 10_000)
        {
            return Ids.Text.Of($"checkpoint-every = {CheckpointEvery}: 1 to 10000 are allowed");
        }

        return Payload.IsDefault || Payload.Length > 256 * 1024 ? "payload: at most 256 KiB are allowed" : null;
    }
}
