namespace ActorRing.Compute.Training.Guards;

/// <summary>What follows when a loss or a gradient is not a finite number. All ranks see the same numbers, so all do the same, before the update.</summary>
public enum NonFinitePolicy
{
    /// <summary>The job ends.</summary>
    Stop,

    /// <summary>The update is computed once more: a fault of one computation does not come again. If it does, the epoch ends and the next one tries, a few times.</summary>
    Retry,

    /// <summary>As <see cref="Retry"/>, but what comes again is left out: weights and moments stay as they are, and the next update follows.</summary>
    Skip,

    /// <summary>As <see cref="Retry"/>, but what comes again takes the job back to its newest TrainingCheckpoint, and the data from there to the update are left out.</summary>
    RollBack,
}

/// <summary>What is looked after in every update.</summary>
/// <param name="NonFinite">What follows when a loss or a gradient is not finite.</param>
/// <param name="VerifiesState">Whether weights and moments are compared with what all ranks agreed on after the last update.</param>
/// <param name="VerifiesFrames">Whether what ranks send each other carries a checksum.</param>
/// <param name="RecomputesEvery">In every so-manieth update one row of attention is computed again in float64; 0 for never.</param>
public sealed record GuardOptions(NonFinitePolicy NonFinite = NonFinitePolicy.Retry, bool VerifiesState = true, bool VerifiesFrames = false, int RecomputesEvery = 0);
