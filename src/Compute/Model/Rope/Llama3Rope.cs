using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Model.Rope;

/// <summary>
/// <c>llama3</c>: with <c>w = 2 pi / f</c> the wave length of <c>f = theta^(-2i/H)</c> and M the pretrained length, waves shorter than
/// <c>M / high_freq_factor</c> stay, waves longer than <c>M / low_freq_factor</c> are divided by <c>factor</c>, those between are mixed:
/// <c>(1 - s) f / factor + s f</c>, <c>s = (M / w - low_freq_factor) / (high_freq_factor - low_freq_factor)</c>.
/// </summary>
/// <remarks>Source: the Llama 3.1 reference model, as transformers' <c>modeling_rope_utils.py</c> computes it.</remarks>
/// <param name="Theta">Base.</param>
/// <param name="Factor">At least 1; 8 in Llama 3.1.</param>
/// <param name="LowFreqFactor">1 in Llama 3.1.</param>
/// <param name="HighFreqFactor">Above <paramref name="LowFreqFactor"/>; 4 in Llama 3.1.</param>
/// <param name="OriginalMaxPositionEmbeddings">M; 8192 in Llama 3.1.</param>
public sealed record Llama3Rope(double Theta, double Factor, double LowFreqFactor, double HighFreqFactor, int OriginalMaxPositionEmbeddings)
    : RopeParameters(Theta)
{
    /// <inheritdoc/>
    public override string RopeType => "llama3";

    /// <inheritdoc/>
    internal override RopeFrequencies Frequencies(int headDim, int maxPositionEmbeddings, long sequenceLength)
    {
        var frequencies = Powers(Theta, headDim);
        for (var i = 0; i < frequencies.Length; i++)
        {
            // Outside the band the clamp gives exactly 0 or 1, the first two cases.
            var turns = OriginalMaxPositionEmbeddings * frequencies[i] / (2 * Math.PI);
            var kept = Math.Clamp((turns - LowFreqFactor) / (HighFreqFactor - LowFreqFactor), 0, 1);
            frequencies[i] = (1 - kept) * frequencies[i] / Factor + kept * frequencies[i];
        }
        return new RopeFrequencies(frequencies, 1);
    }

    /// <inheritdoc/>
    internal override void Validate(ConfigCheck check, int headDim)
    {
        base.Validate(check, headDim);
        check.Factor("factor", Factor);
        check.Range("low_freq_factor", LowFreqFactor, LowFreqFactor > 0 && double.IsFinite(LowFreqFactor), "above 0");
        check.Range("high_freq_factor", HighFreqFactor, HighFreqFactor > LowFreqFactor && double.IsFinite(HighFreqFactor),
            $"above low_freq_factor, {LowFreqFactor}");
        check.Positive("original_max_position_embeddings", OriginalMaxPositionEmbeddings);
    }
}
