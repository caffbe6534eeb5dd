using ActorRing.Actors.Ids;

namespace ActorRing.Compute.Training.Guards;

/// <summary>What a rank has of the state changed in its memory, or on its way there. The update in hand must not be made, and what the rank has must not be used.</summary>
/// <param name="step">The update in hand.</param>
/// <param name="what">What changed, and how that shows.</param>
public sealed class StateCorruptException(TrainStep step, string what)
    : Exception($"step {step.Index + 1}: {what}; the update is not made");
