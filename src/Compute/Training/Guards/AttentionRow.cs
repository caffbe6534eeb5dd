using ActorRing.Actors.Ids;
using ActorRing.Compute.Model;

namespace ActorRing.Compute.Training.Guards;

/// <summary>One row of attention: what one query of one head comes to.</summary>
/// <param name="Layer">From 0.</param>
/// <param name="Sequence">Of the batch, from 0.</param>
/// <param name="Head">Query head, from 0.</param>
/// <param name="Position">Of the query in its sequence, from 0.</param>
public readonly record struct AttentionRow(int Layer, int Sequence, int Head, int Position)
{
    /// <summary>Drawn from an update's number: the same on every rank and in every run.</summary>
    /// <param name="step">The update.</param>
    /// <param name="dims">Layers and heads to draw from.</param>
    /// <param name="batch">Sequences to draw from.</param>
    /// <param name="tokens">Positions to draw from.</param>
    public static AttentionRow Of(TrainStep step, ModelDims dims, int batch, int tokens)
    {
        ArgumentNullException.ThrowIfNull(dims);
        var state = (ulong)step.Index;
        return new(Below(dims.Layers), Below(batch), Below(dims.Heads), Below(tokens));

        // SplitMix64.
        int Below(int bound)
        {
            state += 0x9E3779B97F4A7C15;
            var mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            return (int)(((UInt128)(mixed ^ (mixed >> 31)) * (uint)bound) >> 64);
        }
    }
}
