namespace ActorRing.Cluster.Hosting.Store;

/// <summary>
/// A log is damaged before its end: what follows the damage was once promised to be durable, so it is never cut away silently. The message is one line.
/// </summary>
public sealed class LogCorruptException(string path, long offset, string what) : IOException($"{path}: damaged at byte {offset}: {what}")
{
    /// <summary>Offset of the first byte that cannot be believed.</summary>
    public long Offset { get; } = offset;
}
