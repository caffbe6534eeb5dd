using ActorRing.Compute.Communication;
using ActorRing.Compute.Sharding;
using ActorRing.Native;

namespace ActorRing.Compute.Training;

/// <summary>The ranks of one communicator make the update together.</summary>
/// <remarks>Cost of an update: each rank sends (P - 1) / P of the bytes of the gradients, and as much of the weights.</remarks>
public sealed class CommunicatorGroup : IUpdateGroup, IDisposable
{
    private const int MostNumbers = 4;

    private readonly ComputeDevice _device;
    private readonly ICommunicator _ranks;
    private readonly DeviceBuffer _buffer;
    private readonly long[] _ones;
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
        _buffer = device.CreateBuffer(Math.Max(ranks.Size + 1L, MostNumbers * ShardMap.MostShards) * sizeof(long));
        _ones = [.. Enumerable.Repeat(1L, ranks.Size)];
        _parts = new long[ranks.Size];
        _values = new long[ranks.Size];
    }

    /// <inheritdoc/>
    public int Rank => _ranks.Rank;

    /// <inheritdoc/>
    public int Ranks => _ranks.Size;

    /// <inheritdoc/>
    public double Sum(double value)
    {
        var own = Tensor.Of(_buffer, 0, ElementType.Int64, 1);
        var all = Tensor.Of(_buffer, sizeof(long), ElementType.Int64, _ranks.Size);
        _device.Write<long>([BitConverter.DoubleToInt64Bits(value)], own);
        _ranks.AllGather(own, all, _ones, new HopLabel(HopChannel.Statistics)).Wait();
        _device.Read<long>(all, _values);
        var sum = 0.0;
        foreach (var bits in _values)
        {
            sum += BitConverter.Int64BitsToDouble(bits);
        }

        return sum;
    }

    /// <inheritdoc/>
    public void Reduce(ShardMap shards, in Tensor flat) =>
        _ranks.ReduceScatter(flat, Own(shards, flat), ElementsOf(shards), new HopLabel(HopChannel.Gradient)).Wait();

    /// <inheritdoc/>
    public void Gather(ShardMap shards, in Tensor flat) =>
        _ranks.AllGather(Own(shards, flat), flat, ElementsOf(shards), new HopLabel(HopChannel.Parameter)).Wait();

    /// <inheritdoc/>
    public void Gather(ShardMap shards, Span<long> table)
    {
        ArgumentNullException.ThrowIfNull(shards);
        var numbers = table.Length / shards.Count;
        if (numbers is < 1 or > MostNumbers || table.Length != numbers * shards.Count)
        {
            throw new ArgumentException($"a table of {table.Length} numbers for {shards.Count} shards; 1 to {MostNumbers} for each are allowed");
        }

        for (var rank = 0; rank < _parts.Length; rank++)
        {
            _parts[rank] = numbers * shards.OwnedBy(rank, Ranks).ShardCount;
        }

        var owned = this.OwnedOf(shards);
        var all = Tensor.Of(_buffer, 0, ElementType.Int64, table.Length);
        var own = owned.IsEmpty ? default : all.Slice(0, numbers * owned.FirstShard, numbers * owned.ShardCount);
        if (!owned.IsEmpty)
        {
            _device.Write<long>(table.Slice(numbers * owned.FirstShard, numbers * owned.ShardCount), own);
        }

        _ranks.AllGather(own, all, _parts, new HopLabel(HopChannel.Statistics)).Wait();
        _device.Read(all, table);
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    private Tensor Own(ShardMap shards, in Tensor flat)
    {
        var owned = this.OwnedOf(shards);
        return owned.IsEmpty ? default : flat.Slice(0, owned.FirstElement, owned.ElementCount);
    }

    private long[] ElementsOf(ShardMap shards)
    {
        for (var rank = 0; rank < _parts.Length; rank++)
        {
            _parts[rank] = shards.OwnedBy(rank, Ranks).ElementCount;
        }

        return _parts;
    }
}
