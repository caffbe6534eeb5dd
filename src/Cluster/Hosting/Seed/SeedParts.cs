using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Processes;

namespace ActorRing.Cluster.Hosting.Seed;

/// <summary>What a seed works with. Whatever is called from the host's loop must not block.</summary>
public sealed record SeedParts
{
    /// <summary>Makes plans.</summary>
    public required IPlanner Planner { get; init; }

    /// <summary>Commits TrainingCheckpoints and looks at doubtful ones; called from threads of the pool.</summary>
    public required ICheckpointFolder Checkpoints { get; init; }

    /// <summary>Starts a member process of a name and an incarnation; null for a seed that starts none.</summary>
    public Func<string, long, MemberProcess>? StartMember { get; init; }

    /// <summary>Told everything that machines publish, and which job it is about; from the host's loop.</summary>
    public required Action<TelemetryRow, JobRecord?> Telemetry { get; init; }

    /// <summary>Told who is connected whenever that changes; from the host's loop.</summary>
    public required Action<MemberView> Seen { get; init; }

    /// <summary>Told in one line whenever something changes; from the host's loop, and from any thread why the seed ends.</summary>
    public required Action<string> Log { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
