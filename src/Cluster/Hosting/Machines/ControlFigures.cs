namespace ActorRing.Cluster.Hosting.Machines;

/// <summary>What a host's loop has cost so far.</summary>
/// <param name="Events">Stepped.</param>
/// <param name="Sent">Messages.</param>
/// <param name="Busy">Time in which the loop stepped its machine or carried out effects.</param>
public readonly record struct ControlFigures(long Events, long Sent, TimeSpan Busy);
