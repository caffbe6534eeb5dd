using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Model.Rope;

/// <summary>
/// <c>dynamic</c>: up to the pretrained length M as <c>default</c>; beyond it, at length S, the base grows:
/// <c>theta' = theta (factor S / M - (factor - 1))^(H / (H - 2))</c>, <c>f_i = theta'^(-2i/H)</c>.
/// </summary>
/// <remarks>
/// M is <c>max_position_embeddings</c>, so overriding that changes the frequencies, as it does in transformers. Every rank of a ring must ask with the length
/// of the whole sequence. Source: "dynamic NTK" scaling, as <c>modeling_rope_utils.py</c> of transformers computes it.
/// </remarks>
/// <param name="Theta">Base.</param>
/// <param name="Factor">At least 1.</param>
public sealed record DynamicRope(double Theta, double Factor) : RopeParameters(Theta)
{
    /// <inheritdoc/>
    public override string RopeType => "dynamic";

    /// <inheritdoc/>
    internal override RopeFrequencies Frequencies(int headDim, int maxPositionEmbeddings, long sequenceLength)
    {
        var stretch = Factor * Math.Max(sequenceLength, maxPositionEmbeddings) / maxPositionEmbeddings - (Factor - 1);
        return new RopeFrequencies(Powers(Theta * Math.Pow(stretch, headDim / (headDim - 2.0)), headDim), 1);
    }

    /// <inheritdoc/>
    internal override void Validate(ConfigCheck check, int headDim)
    {
        base.Validate(check, headDim);
        check.Factor("factor", Factor);
        check.Range("head_dim", headDim, headDim > 2, "above 2 with rope_type dynamic");
    }
}
