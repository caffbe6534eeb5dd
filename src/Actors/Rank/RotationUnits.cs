using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Rank;

// Shape letters: L layers, P ring ranks.

/// <summary>The units of an update that are granted one by one: forward by layer, then backward by layer from the last one; within a layer by rotation.</summary>
/// <param name="Granularity">How fine they are.</param>
/// <param name="Layers">L.</param>
/// <param name="RingRanks">P.</param>
public readonly record struct RotationUnits(GrantGranularity Granularity, int Layers, int RingRanks)
{
    /// <summary>Units of a layer's pass: P - 1 rotations, or one for all of them, or none.</summary>
    public int PerPass => RingRanks == 1 || Granularity == GrantGranularity.PerStep ? 0 : Granularity == GrantGranularity.PerLayer ? 1 : RingRanks - 1;

    /// <summary>Units of an update: 2 L times those of a pass.</summary>
    public int Count => 2 * Layers * PerPass;

    /// <summary>Where a unit is.</summary>
    /// <param name="unit">From 0, below <see cref="Count"/>.</param>
    public (int Layer, RingStep RingStep, bool IsBackward) Place(int unit)
    {
        var pass = unit / PerPass;
        return (pass < Layers ? pass : (2 * Layers) - 1 - pass, new(unit % PerPass), pass >= Layers);
    }
}
