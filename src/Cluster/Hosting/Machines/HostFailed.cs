using ActorRing.Actors.Events;

namespace ActorRing.Cluster.Hosting.Machines;

/// <summary>A step, or work that was started for one, threw: a bug or a broken machine. The process ends.</summary>
/// <param name="Text">One line for people.</param>
internal sealed record HostFailed(string Text) : MachineEvent;

/// <summary>How a host's machine ended its process.</summary>
/// <param name="IsClean">Exit code 0, otherwise 1.</param>
/// <param name="Reason">One line for people.</param>
public sealed record HostEnd(bool IsClean, string Reason);
