namespace ActorRing.Compute.Model.Rope;

/// <summary><c>default</c>: <c>f_i = theta^(-2i/H)</c>. Source: RoFormer, arXiv:2104.09864.</summary>
public sealed record DefaultRope(double Theta) : RopeParameters(Theta)
{
    /// <inheritdoc/>
    public override string RopeType => "default";

    /// <inheritdoc/>
    internal override RopeFrequencies Frequencies(int headDim, int maxPositionEmbeddings, long sequenceLength) => new(Powers(Theta, headDim), 1);
}
