namespace ActorRing.Compute.Checkpoints.Training;

/// <summary>A TrainingCheckpoint of another version of this program: not damaged, so never set aside for it. The message is one line.</summary>
public sealed class OtherVersionException(string message) : IOException(message);
