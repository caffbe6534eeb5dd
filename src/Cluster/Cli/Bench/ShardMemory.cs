using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Bench;

// Shape letters: T tokens, N query heads, K KV heads, H head dim.

/// <summary>The tensors of one rank's attention, filled with random numbers, each head's rows side by side.</summary>
internal sealed class ShardMemory : IDisposable
{
    private readonly DeviceBuffer _buffer;
    private long _next;

    internal ShardMemory(ComputeDevice device, long tokens, int heads, int kvHeads, int headSize, int seed)
    {
        _buffer = device.CreateBuffer(sizeof(float) * tokens * (((long)headSize * ((4 * heads) + (4 * kvHeads))) + (2 * heads)));
        Tensor Heads(int count)
        {
            var tensor = Tensor.Of(_buffer, _next, ElementType.Float32, 1, count, tokens, headSize);
            _next += tensor.Count * sizeof(float);
            return tensor;
        }

        Tensor Rows()
        {
            var tensor = Tensor.Of(_buffer, _next, ElementType.Float32, 1, tokens, heads);
            _next += tensor.Count * sizeof(float);
            return tensor;
        }

        var (q, k, v, dout) = (Heads(heads), Heads(kvHeads), Heads(kvHeads), Heads(heads));
        foreach (var tensor in new[] { q, k, v, dout })
        {
            Measure.FillRandom(device, tensor, seed++);
        }

        (Q, K, V, Dout) = (q.Swap(1, 2), k.Swap(1, 2), v.Swap(1, 2), dout.Swap(1, 2));
        (Out, Dq, Dk, Dv) = (Heads(heads).Swap(1, 2), Heads(heads).Swap(1, 2), Heads(kvHeads).Swap(1, 2), Heads(kvHeads).Swap(1, 2));
        (Lse, Delta) = (Rows(), Rows());
    }

    internal Tensor Q { get; }

    internal Tensor K { get; }

    internal Tensor V { get; }

    internal Tensor Dout { get; }

    internal Tensor Out { get; }

    internal Tensor Dq { get; }

    internal Tensor Dk { get; }

    internal Tensor Dv { get; }

    internal Tensor Lse { get; }

    internal Tensor Delta { get; }

    public void Dispose() => _buffer.Dispose();
}
