using System.Runtime.InteropServices;
using ActorRing.Compute.Sharding;
using ActorRing.Native;

namespace ActorRing.Compute.Checkpoints.Replicas;

// Shape letters: E elements of a run of shards.

/// <summary>Weights, first and second moments of a run of shards in host memory: float32 <c>[3, E]</c>, one behind the other.</summary>
internal sealed class StatePart : IDisposable
{
    private const int Kinds = 3;

    private readonly DeviceBuffer? _buffer;

    /// <param name="host">Has the memory.</param>
    /// <param name="elements">E, 0 for a rank that owns nothing.</param>
    /// <exception cref="InsufficientMemoryException">There is none.</exception>
    internal StatePart(ComputeDevice host, long elements)
    {
        Elements = elements;
        _buffer = elements > 0 ? host.CreateBuffer(BytesOf(elements)) : null;
    }

    /// <summary>E.</summary>
    internal long Elements { get; }

    /// <summary>Everything, to be sent and received; absent where E is 0.</summary>
    internal Tensor All => _buffer is null ? default : Tensor.Of(_buffer, 0, ElementType.Float32, Kinds * Elements);

    /// <summary>What the shards of the state came to of which this is a part; null while it is none.</summary>
    internal ShardHashes? Hashes { get; set; }

    /// <summary>Holders of this memory: it may be used for something else when there is none.</summary>
    internal int Uses { get; set; }

    /// <summary>Bytes of a part.</summary>
    internal static long BytesOf(long elements) => Kinds * elements * sizeof(float);

    public void Dispose() => _buffer?.Dispose();

    /// <summary>One of the three, of some elements.</summary>
    /// <param name="kind">0 for weights, 1 and 2 for moments.</param>
    /// <param name="first">First element within the run.</param>
    /// <param name="count">At least 1.</param>
    internal Tensor Slice(int kind, long first, long count) => All.Slice(0, (kind * Elements) + first, count);

    /// <summary>Copies what a rank owns.</summary>
    /// <remarks>Cost: one pass over 12 E bytes.</remarks>
    internal void TakeFrom(TrainingState state)
    {
        var owned = state.Optimizer.Owned;
        for (var kind = 0; kind < Kinds && Elements > 0; kind++)
        {
            var next = 0L;
            TensorBytes.Read(state.Parameters.Device, OwnedOf(state, kind, owned, owned), piece =>
            {
                var count = piece.Length / sizeof(float);
                piece.CopyTo(MemoryMarshal.AsBytes(Slice(kind, next, count).HostSpan<float>()));
                next += count;
            });
        }
    }

    /// <summary>Copies some of a run's elements to where a rank owns them.</summary>
    /// <param name="state">The rank's.</param>
    /// <param name="run">Of this part.</param>
    /// <param name="wanted">Within the run, and within what the rank owns.</param>
    internal void CopyTo(TrainingState state, ShardRun run, ShardRun wanted)
    {
        for (var kind = 0; kind < Kinds; kind++)
        {
            var source = Slice(kind, wanted.FirstElement - run.FirstElement, wanted.ElementCount);
            TensorBytes.Write(state.Parameters.Device, OwnedOf(state, kind, state.Optimizer.Owned, wanted), (first, piece) =>
                MemoryMarshal.AsBytes(source.Slice(0, first, piece.Length / sizeof(float)).HostSpan<float>()).CopyTo(piece));
        }
    }

    private static Tensor OwnedOf(TrainingState state, int kind, ShardRun owned, ShardRun wanted) => kind switch
    {
        0 => state.Parameters.Master.Flat.Slice(0, wanted.FirstElement, wanted.ElementCount),
        1 => state.Optimizer.First.Slice(0, wanted.FirstElement - owned.FirstElement, wanted.ElementCount),
        _ => state.Optimizer.Second.Slice(0, wanted.FirstElement - owned.FirstElement, wanted.ElementCount),
    };
}
