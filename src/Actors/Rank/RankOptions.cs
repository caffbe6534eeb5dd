namespace ActorRing.Actors.Rank;

/// <summary>What a rank machine is told once.</summary>
public sealed record RankOptions
{
    /// <summary>From one heartbeat to the next, also the time after which a lost report is sent again.</summary>
    public TimeSpan HeartbeatEvery { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Silence of the coordinator after which no further update begins. Memory and communicators are kept.</summary>
    public TimeSpan CoordinatorLease { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Silence of the coordinator after which the process gives up and exits.</summary>
    public TimeSpan OrphanLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What a transfer may take before it is reported as late; the communicators' own deadline, past which the epoch ends, is the job's.</summary>
    public TimeSpan HopDeadline { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Least time from one summary of transfers to the next: they are for people, who read no faster.</summary>
    public TimeSpan SummaryEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Updates that may be applied beyond the last one known to be committed. Equal to the coordinator's.</summary>
    public int RunAhead { get; init; } = 2;

    /// <summary>Versions of everything that numbers depend on: libraries, kernels in use, format versions.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>Whether it holds a rank only while there are too few others: one that stands on a machine that has a rank already.</summary>
    public bool IsReserve { get; init; }

    /// <summary>A rule to break on purpose.</summary>
    public Mutation Mutation { get; init; }
}
