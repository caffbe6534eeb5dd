namespace ActorRing.Cluster.Hosting.Telemetry;

/// <summary>What a committed update happened in, as far as its row does not say. What is unknown stays null and is left out of lines and files.</summary>
/// <param name="Stage">Name of the stage.</param>
public sealed record StepSetting(string Stage)
{
    /// <summary>Used by the update.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Tokens of the update over all ranks; null where rank 0 had all of them.</summary>
    public long? BatchTokens { get; init; }

    /// <summary>Model FLOPs of a token, forward and backward, causal attention not halved, as torchtitan counts.</summary>
    public double? FlopsPerToken { get; init; }

    /// <summary>The same with causal attention counted half.</summary>
    public double? CausalFlopsPerToken { get; init; }

    /// <summary>FLOP/s that one rank's device can reach; null prints <c>mfu: N/A</c>, as torchtitan does.</summary>
    public double? PeakFlops { get; init; }

    /// <summary>Bytes in use on rank 0's device, at their highest.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Bytes of that device.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>Mean duration of a rotation.</summary>
    public TimeSpan? Hop { get; init; }

    /// <summary>Part of the rotations' time that was hidden behind computing, 0 to 1.</summary>
    public double? Overlap { get; init; }
}
