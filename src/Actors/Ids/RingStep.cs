namespace ActorRing.Actors.Ids;

/// <summary>One step of a schedule: what a rank attends between two rotations of KV blocks. Step 0 is the rank's own block.</summary>
/// <param name="Index">From 0.</param>
public readonly record struct RingStep(int Index);
