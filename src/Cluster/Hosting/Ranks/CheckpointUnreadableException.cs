namespace ActorRing.Cluster.Hosting.Ranks;

/// <summary>A TrainingCheckpoint cannot be loaded: it is damaged or gone. The message is one line that names the file.</summary>
public sealed class CheckpointUnreadableException(string message, Exception inner) : IOException(message, inner);
