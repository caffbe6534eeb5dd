using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Model.Rope;

/// <summary>Angles per position for the H/2 pairs of a head, and the scale of their cos and sin.</summary>
/// <remarks>
/// In double. transformers rounds frequencies and angles to float32, which moves an angle of p f radians by up to about p f 2^-23: 0.016 at position 131,072 of
/// the fastest pair. Comparisons with it at long positions must allow for that.
/// </remarks>
public sealed class RopeFrequencies
{
    private readonly double[] inverseFrequencies;

    internal RopeFrequencies(double[] inverseFrequencies, double attentionFactor)
    {
        this.inverseFrequencies = inverseFrequencies;
        AttentionFactor = attentionFactor;
    }

    /// <summary>Radians per position, <c>[H/2]</c>; pair i is elements i and i + H/2 of a head.</summary>
    public ReadOnlySpan<double> InverseFrequencies => inverseFrequencies;

    /// <summary>cos and sin are multiplied by it, so the scores by its square; 1 except for yarn and longrope.</summary>
    public double AttentionFactor { get; }

    /// <summary>The frequencies of a model.</summary>
    /// <param name="config">The model.</param>
    /// <param name="sequenceLength">Tokens S of the longest whole sequence (not of one rank's part); at least 1. Only dynamic and longrope look at it.</param>
    public static RopeFrequencies Of(LlamaConfig config, long sequenceLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sequenceLength);
        return config.Rope.Frequencies(config.HeadDim, config.MaxPositionEmbeddings, sequenceLength);
    }
}
