using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Hosting.Ranks;

/// <summary>Work of an epoch failed in a way from which more follows than that the epoch is over.</summary>
public sealed class RankFailureException(FailureKind kind, string message, Exception inner) : Exception(message, inner)
{
    /// <summary>What follows.</summary>
    public FailureKind Kind { get; } = kind;
}
