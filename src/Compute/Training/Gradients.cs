using ActorRing.Compute.Model;
using ActorRing.Compute.Sharding;
using ActorRing.Native;

namespace ActorRing.Compute.Training;

/// <summary>Float32 gradients of every parameter, summed over the micro-batches of one step.</summary>
public sealed class Gradients : IDisposable
{
    private readonly Parameters _parameters;
    private readonly DeviceBuffer _buffer;

    /// <summary>Zeroed gradients.</summary>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public Gradients(Parameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _parameters = parameters;
        _buffer = parameters.Device.CreateBuffer(parameters.Layout.Count * ElementType.Float32.ByteCount());
        Views = new ParameterViews(parameters.Layout, _buffer, ElementType.Float32);
    }

    /// <summary>The gradients as layers see them.</summary>
    public ParameterViews Views { get; }

    /// <summary>How they are cut.</summary>
    public ShardMap Shards => _parameters.Layout.Shards;

    /// <summary>Bytes held.</summary>
    public long ByteCount => _buffer.ByteCount;

    /// <summary>Sets all to zero.</summary>
    public void Clear() => _parameters.Device.Fill(0, Views.Flat);

    /// <summary>Global Euclidean norm; not finite if any gradient is not. Collective; the same bits on every rank.</summary>
    /// <param name="group">Each rank's run holds the sums.</param>
    /// <remarks>Formed shard by shard in ascending order: the number of ranks does not show in it.</remarks>
    public double Norm(IUpdateGroup group)
    {
        Span<long> squares = stackalloc long[Shards.Count];
        var owned = group.OwnedOf(Shards);
        for (var shard = owned.FirstShard; shard < owned.EndShard; shard++)
        {
            var run = Shards[shard];
            squares[shard] = BitConverter.DoubleToInt64Bits(_parameters.Device.SquareSum(Views.Flat.Slice(0, run.FirstElement, run.ElementCount)));
        }

        group.Gather(Shards, squares);
        var sum = 0.0;
        foreach (var square in squares)
        {
            sum += BitConverter.Int64BitsToDouble(square);
        }

        return Math.Sqrt(sum);
    }

    /// <summary>Name of the first parameter whose gradient is not finite, or null. Collective; the same on every rank.</summary>
    /// <param name="group">Each rank's run holds the sums.</param>
    public string? FirstNonFinite(IUpdateGroup group)
    {
        var slots = _parameters.Layout.Slots;
        Span<long> firsts = stackalloc long[Shards.Count];
        var owned = group.OwnedOf(Shards);
        for (var shard = owned.FirstShard; shard < owned.EndShard; shard++)
        {
            firsts[shard] = FirstNonFinite(Shards[shard]);
        }

        group.Gather(Shards, firsts);
        var first = (long)slots.Count;
        foreach (var slot in firsts)
        {
            first = Math.Min(first, slot);
        }

        return first < slots.Count ? slots[(int)first].Name : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    // Index of the slot, or the number of slots.
    private int FirstNonFinite(ShardRun run)
    {
        var slots = _parameters.Layout.Slots;
        for (var index = 0; index < slots.Count; index++)
        {
            var start = Math.Max(slots[index].Offset, run.FirstElement);
            var end = Math.Min(slots[index].Offset + slots[index].Count, run.EndElement);
            if (start < end && !double.IsFinite(_parameters.Device.SquareSum(Views.Flat.Slice(0, start, end - start))))
            {
                return index;
            }
        }

        return slots.Count;
    }
}
