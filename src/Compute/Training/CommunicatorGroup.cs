using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.Training;

/// <summary>The ranks of one communicator make the update together.</summary>
/// <remarks>Cost of a sum of gradients: each rank sends 2 (P - 1) / P of their bytes.</remarks>
public sealed class CommunicatorGroup : IUpdateGroup, IDisposable
{
    private readonly ComputeDevice _device;
    private readonly ICommunicator _ranks;
    private readonly DeviceBuffer _buffer;
    private readonly long[] _parts;
    private readonly long[] _values;

    /// <summary>All ranks of a communicator.</summary>
    /// <param name="device">Where this rank's tensors live; borrowed.</param>
    /// <param name="ranks">Every rank of every replica; borrowed.</param>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public CommunicatorGroup(ComputeDevice device, ICommunicator ranks)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(ranks);
        _device = device;
        _ranks = ranks;
        _buffer = device.CreateBuffer((ranks.Size + 1L) * sizeof(long));
        _parts = [.. Enumerable.Repeat(1L, ranks.Size)];
        _values = new long[ranks.Size];
    }

    /// <inheritdoc/>
    public double Sum(double value)
    {
        var own = Tensor.Of(_buffer, 0, ElementType.Int64, 1);
        var all = Tensor.Of(_buffer, sizeof(long), ElementType.Int64, _ranks.Size);
        _device.Write<long>([BitConverter.DoubleToInt64Bits(value)], own);
        _ranks.AllGather(own, all, _parts, new HopLabel(HopChannel.Statistics)).Wait();
        _device.Read<long>(all, _values);
        var sum = 0.0;
        foreach (var bits in _values)
        {
            sum += BitConverter.Int64BitsToDouble(bits);
        }

        return sum;
    }

    /// <inheritdoc/>
    public void Sum(in Tensor gradients) => _ranks.AllReduce(gradients, gradients, new HopLabel(HopChannel.Gradient)).Wait();

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}
