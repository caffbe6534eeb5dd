namespace ActorRing.Actors.Log;

/// <summary>A TrainingCheckpoint that was committed.</summary>
/// <param name="StepsDone">Updates in it.</param>
/// <param name="ManifestHash">SHA-256 of its manifest, hexadecimal: tells it from another one of as many updates.</param>
public readonly record struct CheckpointRef(long StepsDone, string ManifestHash);
