using ActorRing.Actors.Plans;
using ActorRing.Native;

namespace ActorRing.Compute.Verification;

/// <summary>One rank's tensors of an attention problem.</summary>
internal sealed class TrialMemory : IDisposable
{
    private readonly ComputeDevice _device;
    private readonly List<DeviceBuffer> _buffers = [];
    private readonly (int B, int N, int K, int H) _shape;
    private readonly int _rows;

    internal TrialMemory(ComputeDevice device, SequenceParallelPlan plan, int rows, ElementType type)
    {
        _device = device;
        _rows = rows;
        _shape = (plan.Batch, plan.QueryHeads, plan.KeyHeads, plan.HeadSize);
        (Q, K, V, Dout, Out) = (Heads(type, _shape.N), Heads(type, _shape.K), Heads(type, _shape.K), Heads(type, _shape.N), Heads(type, _shape.N));
        (Dq, Dk, Dv) = (Heads(ElementType.Float32, _shape.N), Heads(ElementType.Float32, _shape.K), Heads(ElementType.Float32, _shape.K));
        (Lse, Delta) = (Take(ElementType.Float32, _shape.B, rows, _shape.N), Take(ElementType.Float32, _shape.B, rows, _shape.N));
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

    public void Dispose() => _buffers.ForEach(buffer => buffer.Dispose());

    /// <summary>Takes the rows at some positions of a whole tensor <c>[B, S, heads, H]</c>.</summary>
    internal void Put(in Tensor to, float[] whole, long[] positions)
    {
        var width = (int)(to.Size(2) * to.Size(3));
        var tokens = whole.Length / (_shape.B * width);
        var values = new float[_shape.B * positions.Length * width];
        for (var sequence = 0; sequence < _shape.B; sequence++)
        {
            for (var row = 0; row < positions.Length; row++)
            {
                Array.Copy(whole, ((sequence * tokens) + positions[row]) * width, values, ((sequence * positions.Length) + row) * width, width);
            }
        }

        using var plain = _device.CreateBuffer(values.Length * sizeof(float));
        var tensor = Tensor.Of(plain, 0, ElementType.Float32, _shape.B, positions.Length, to.Size(2), to.Size(3));
        _device.Write<float>(values, tensor);
        _device.Copy(tensor, to);
    }

    internal AttentionResults Results(SequenceParallelPlan plan, int rows) => new(plan.Batch, rows, plan.QueryHeads, plan.KeyHeads, plan.HeadSize)
    {
        Out = Get(Out),
        Lse = Get(Lse),
        Dq = Get(Dq),
        Dk = Get(Dk),
        Dv = Get(Dv),
    };

    private float[] Get(in Tensor from)
    {
        Span<long> shape = stackalloc long[from.Rank];
        for (var dim = 0; dim < from.Rank; dim++)
        {
            shape[dim] = from.Size(dim);
        }

        var values = new float[from.Count];
        using var plain = _device.CreateBuffer(values.Length * sizeof(float));
        var tensor = Tensor.Of(plain, 0, ElementType.Float32, shape);
        _device.Copy(from, tensor);
        _device.Read<float>(tensor, values);
        return values;
    }

    // Each head's rows side by side, as a layer has them.
    private Tensor Heads(ElementType type, int heads) => Take(type, _shape.B, heads, _rows, _shape.H).Swap(1, 2);

    private Tensor Take(ElementType type, params ReadOnlySpan<long> shape)
    {
        var count = 1L;
        foreach (var size in shape)
        {
            count *= size;
        }

        var buffer = _device.CreateBuffer(count * type.ByteCount());
        _buffers.Add(buffer);
        return Tensor.Of(buffer, 0, type, shape);
    }
}
