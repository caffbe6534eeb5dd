using ActorRing.Native;

namespace ActorRing.Compute.Training;

/// <summary>The ranks that make one optimiser update together: every sequence-parallel rank of every data-parallel replica.</summary>
/// <remarks>Sums are formed in ascending rank order, so that every rank gets the same bits.</remarks>
public interface IUpdateGroup
{
    /// <summary>Sum over the ranks of the group, float64.</summary>
    /// <param name="value">This rank's part.</param>
    double Sum(double value);

    /// <summary>Replaces a tensor by its sum over the ranks of the group, float32.</summary>
    /// <param name="gradients">Contiguous float32 of rank 1, the same size on every rank.</param>
    void Sum(in Tensor gradients);
}

/// <summary>One rank alone: its parts are the sums.</summary>
public sealed class SingleRank : IUpdateGroup
{
    /// <inheritdoc/>
    public double Sum(double value) => value;

    /// <inheritdoc/>
    public void Sum(in Tensor gradients)
    {
    }
}
