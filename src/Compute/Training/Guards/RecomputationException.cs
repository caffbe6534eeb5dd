using System.Globalization;
using ActorRing.Actors.Ids;

namespace ActorRing.Compute.Training.Guards;

/// <summary>A row of attention is not what it is by definition: something computes wrongly here, or where the row's keys are. The update in hand must not be made.</summary>
/// <param name="step">The update in hand.</param>
/// <param name="row">Which row.</param>
/// <param name="what">What of it.</param>
/// <param name="value">As training computed it.</param>
/// <param name="expected">In float64.</param>
public sealed class RecomputationException(TrainStep step, AttentionRow row, string what, double value, double expected)
    : Exception(string.Create(
        CultureInfo.InvariantCulture,
        $"step {step.Index + 1}: attention of layer {row.Layer}, sequence {row.Sequence}, head {row.Head}, position {row.Position}: {what} is {value:G6}, computed again in float64 it is {expected:G6}; the update is not made"))
{
    /// <summary>Which row.</summary>
    public AttentionRow Row { get; } = row;
}
