using System.Collections.Immutable;
using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Model.Rope;

/// <summary>
/// <c>longrope</c>: <c>f_i = theta^(-2i/H) / e_i</c> with searched divisors <c>e</c>: <c>long_factor</c> for sequences longer than the pretrained length M,
/// <c>short_factor</c> otherwise.
/// </summary>
/// <remarks>
/// cos and sin are scaled by the attention factor: as given, else 1 for a factor up to 1, else <c>sqrt(1 + ln factor / ln M)</c>. Every rank of a ring must ask
/// with the length of the whole sequence. Source: LongRoPE, arXiv:2402.13753, with the details of transformers' <c>modeling_rope_utils.py</c>.
/// </remarks>
/// <param name="Theta">Base.</param>
/// <param name="ShortFactor">H/2 divisors, all above 0.</param>
/// <param name="LongFactor">H/2 divisors, all above 0.</param>
public sealed record LongRope(double Theta, ImmutableArray<double> ShortFactor, ImmutableArray<double> LongFactor) : RopeParameters(Theta)
{
    /// <summary>How many times longer the sequences become; null takes <c>max_position_embeddings / original_max_position_embeddings</c>.</summary>
    public double? Factor { get; init; }

    /// <summary>Scale of cos and sin; null computes it.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>Pretrained length M; null takes <c>max_position_embeddings</c>.</summary>
    public int? OriginalMaxPositionEmbeddings { get; init; }

    /// <inheritdoc/>
    public override string RopeType => "longrope";

    /// <inheritdoc/>
    internal override RopeFrequencies Frequencies(int headDim, int maxPositionEmbeddings, long sequenceLength)
    {
        var original = OriginalMaxPositionEmbeddings ?? maxPositionEmbeddings;
        var factor = Factor ?? (double)maxPositionEmbeddings / original;
        var divisors = sequenceLength > original ? LongFactor : ShortFactor;
        var frequencies = Powers(Theta, headDim);
        for (var i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] /= divisors[i];
        }
        return new RopeFrequencies(frequencies, AttentionFactor ?? (factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(factor) / Math.Log(original))));
    }

    /// <inheritdoc/>
    internal override void Validate(ConfigCheck check, int headDim)
    {
        base.Validate(check, headDim);
        Validate(check, "short_factor", ShortFactor, headDim / 2);
        Validate(check, "long_factor", LongFactor, headDim / 2);
        check.Factor("factor", Factor);
        check.NotNegative("attention_factor", AttentionFactor);
        // ln 1 = 0 would divide the attention factor by zero.
        check.Range("original_max_position_embeddings", OriginalMaxPositionEmbeddings ?? 2, (OriginalMaxPositionEmbeddings ?? 2) >= 2, "at least 2");
    }

    /// <inheritdoc/>
    public bool Equals(LongRope? other) =>
        base.Equals(other) && Factor == other.Factor && AttentionFactor == other.AttentionFactor
            && OriginalMaxPositionEmbeddings == other.OriginalMaxPositionEmbeddings
        && ShortFactor.AsSpan().SequenceEqual(other.ShortFactor.AsSpan()) && LongFactor.AsSpan().SequenceEqual(other.LongFactor.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Theta, Factor, AttentionFactor, OriginalMaxPositionEmbeddings, ShortFactor.Length, LongFactor.Length);

    private static void Validate(ConfigCheck check, string key, ImmutableArray<double> divisors, int count)
    {
        check.Range(key, divisors.Length, divisors.Length == count, $"{count} numbers, half of head_dim");
        foreach (var divisor in divisors)
        {
            check.Range(key, divisor, divisor > 0 && double.IsFinite(divisor), "numbers above 0");
        }
    }
}
