using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Model.Rope;

/// <summary>
/// <c>yarn</c>: high frequencies stay, low ones are divided by <c>factor</c>, a linear ramp over the index i joins them:
/// <c>f_i = theta^(-2i/H) ((1 - r_i) + r_i / factor)</c>, <c>r_i = clamp((i - low) / (high - low), 0, 1)</c>.
/// </summary>
/// <remarks>
/// <c>low</c> and <c>high</c> are the indices whose wave turns <c>beta_fast</c> and <c>beta_slow</c> times within the pretrained length M:
/// <c>d(b) = H ln(M / (2 pi b)) / (2 ln theta)</c>, rounded outwards unless <c>truncate</c> is false, low at least 0, high at most H - 1.
/// cos and sin are scaled by the attention factor: as given, else <c>m(mscale) / m(mscale_all_dim)</c> if both are given and not 0, else <c>m(1)</c>, where
/// <c>m(c) = 0.1 c ln(factor) + 1</c>. Source: YaRN, arXiv:2309.00071, sections 3.2 and 3.4, with the details of transformers' <c>modeling_rope_utils.py</c>.
/// </remarks>
/// <param name="Theta">Base.</param>
/// <param name="Factor">At least 1; null takes <c>max_position_embeddings / original_max_position_embeddings</c>.</param>
public sealed record YarnRope(double Theta, double? Factor) : RopeParameters(Theta)
{
    /// <summary>Turns above which a wave is left alone; 32 in the paper.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>Turns below which a wave is fully stretched; 1 in the paper.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>Scale of cos and sin; null computes it.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>Numerator of the computed attention factor, with <see cref="MScaleAllDim"/>.</summary>
    public double? MScale { get; init; }

    /// <summary>Denominator of the computed attention factor, with <see cref="MScale"/>.</summary>
    public double? MScaleAllDim { get; init; }

    /// <summary>Whether the ends of the ramp are rounded outwards to whole indices.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>Pretrained length M; null takes <c>max_position_embeddings</c>.</summary>
    public int? OriginalMaxPositionEmbeddings { get; init; }

    /// <inheritdoc/>
    public override string RopeType => "yarn";

    /// <inheritdoc/>
    internal override RopeFrequencies Frequencies(int headDim, int maxPositionEmbeddings, long sequenceLength)
    {
        var original = OriginalMaxPositionEmbeddings ?? maxPositionEmbeddings;
        var factor = Factor ?? (double)maxPositionEmbeddings / original;
        var low = RampEnd(BetaFast, headDim, original);
        var high = RampEnd(BetaSlow, headDim, original);
        if (Truncate)
        {
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        }
        (low, high) = (Math.Max(low, 0), Math.Min(high, headDim - 1));
        // Equal ends would divide by zero; the reference opens them by this much.
        var width = low == high ? 0.001 : high - low;
        var frequencies = Powers(Theta, headDim);
        for (var i = 0; i < frequencies.Length; i++)
        {
            var ramp = Math.Clamp((i - low) / width, 0, 1);
            frequencies[i] = frequencies[i] / factor * ramp + frequencies[i] * (1 - ramp);
        }
        return new RopeFrequencies(frequencies, AttentionFactor ?? ComputedAttentionFactor(factor));
    }

    /// <inheritdoc/>
    internal override void Validate(ConfigCheck check, int headDim)
    {
        base.Validate(check, headDim);
        check.Factor("factor", Factor);
        check.Range("beta_slow", BetaSlow, BetaSlow > 0 && double.IsFinite(BetaSlow), "above 0");
        check.Range("beta_fast", BetaFast, BetaFast >= BetaSlow && double.IsFinite(BetaFast), $"at least beta_slow, {BetaSlow}");
        check.NotNegative("attention_factor", AttentionFactor);
        check.NotNegative("mscale", MScale);
        check.NotNegative("mscale_all_dim", MScaleAllDim);
        check.Positive("original_max_position_embeddings", OriginalMaxPositionEmbeddings);
    }

    private double RampEnd(double turns, int headDim, int original) => headDim * Math.Log(original / (turns * 2 * Math.PI)) / (2 * Math.Log(Theta));

    private double ComputedAttentionFactor(double factor) =>
        MScale is { } numerator and not 0 && MScaleAllDim is { } denominator and not 0
            ? Magnitude(factor, numerator) / Magnitude(factor, denominator)
            : Magnitude(factor, 1);

    private static double Magnitude(double factor, double scale) => factor <= 1 ? 1 : 0.1 * scale * Math.Log(factor) + 1;
}
