using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Model.Rope;

/// <summary>
/// <c>linear</c>: <c>f_i = theta^(-2i/H) / factor</c>, which is the same as dividing every position. Source: position interpolation, arXiv:2306.15595.
/// </summary>
/// <param name="Theta">Base.</param>
/// <param name="Factor">How many times longer the sequences become; at least 1.</param>
public sealed record LinearRope(double Theta, double Factor) : RopeParameters(Theta)
{
    /// <inheritdoc/>
    public override string RopeType => "linear";

    /// <inheritdoc/>
    internal override RopeFrequencies Frequencies(int headDim, int maxPositionEmbeddings, long sequenceLength)
    {
        var frequencies = Powers(Theta, headDim);
        for (var i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] /= Factor;
        }
        return new RopeFrequencies(frequencies, 1);
    }

    /// <inheritdoc/>
    internal override void Validate(ConfigCheck check, int headDim)
    {
        base.Validate(check, headDim);
        check.Factor("factor", Factor);
    }
}
