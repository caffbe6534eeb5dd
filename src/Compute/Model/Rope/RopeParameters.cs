using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Model.Rope;

/// <summary>Which rotary frequencies a model uses: one derived record for each <c>rope_type</c> of Hugging Face. Change one with <c>with</c>.</summary>
/// <param name="Theta">Base of the frequencies, <c>rope_theta</c>; above 1.</param>
public abstract record RopeParameters(double Theta)
{
    /// <summary>The spelling in <c>config.json</c>.</summary>
    public abstract string RopeType { get; }

    /// <summary>The frequencies for a head of <paramref name="headDim"/> (even).</summary>
    /// <param name="headDim">H.</param>
    /// <param name="maxPositionEmbeddings"><c>max_position_embeddings</c> of the model.</param>
    /// <param name="sequenceLength">Tokens of the longest sequence that the frequencies are for; only dynamic and longrope look at it.</param>
    internal abstract RopeFrequencies Frequencies(int headDim, int maxPositionEmbeddings, long sequenceLength);

    /// <summary>Refuses values that have no meaning.</summary>
    internal virtual void Validate(ConfigCheck check, int headDim) =>
        check.Range("rope_theta", Theta, Theta is > 1 and <= 1e18, "above 1, at most 1e18");

    /// <summary><c>theta^(-2i/H)</c> for i in [0, H/2). Source: RoFormer, arXiv:2104.09864, section 3.2.2.</summary>
    internal static double[] Powers(double theta, int headDim)
    {
        var frequencies = new double[headDim / 2];
        for (var i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = Math.Pow(theta, -2.0 * i / headDim);
        }
        return frequencies;
    }
}
