using ActorRing.Compute.Checkpoints;

namespace ActorRing.Cluster.Hosting.Engine;

/// <summary>One process of this machine; its id alone may come to mean another one.</summary>
/// <param name="Id">Process id.</param>
/// <param name="StartTicks">When it started, in clock ticks since the machine did.</param>
public readonly record struct ProcessRef(int Id, long StartTicks)
{
    /// <summary>The process that has an id now; null if none has.</summary>
    public static ProcessRef? Of(int id) => ProcessStart.TicksOf(id) is { } start ? new ProcessRef(id, start) : null;
}
