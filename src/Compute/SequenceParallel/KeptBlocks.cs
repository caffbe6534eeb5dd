using ActorRing.Actors.Plans;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

// Shape letters: B batch, T tokens of the block, n query heads and k KV heads of this rank, H head dim.

/// <summary>A block's tensors between the exchanges of one pass: q <c>[B, T, n, H]</c>, k and v <c>[B, T, k, H]</c>, and what is taken beside them.</summary>
internal sealed class HeadBlock
{
    private readonly Staging _staging;
    private readonly List<DeviceBuffer> _taken = [];
    private readonly (int Batch, long Tokens, int Heads, int Keys, int HeadSize) _shape;

    internal HeadBlock(Staging staging, int batch, long tokens, HeadExchange exchange, int headSize, ElementType type)
    {
        _staging = staging;
        _shape = (batch, tokens, exchange.QueryHeads.Count, exchange.KeyHeads.Count, headSize);
        Q = TakeHeads(type);
        K = TakeKeys(type);
        V = TakeKeys(type);
    }

    internal Tensor Q { get; }

    internal Tensor K { get; }

    internal Tensor V { get; }

    /// <summary>Whether q, k and v are still those of forward.</summary>
    internal bool IsKept { get; set; }

    /// <summary>A tensor <c>[B, T, n, H]</c>, each head's rows side by side.</summary>
    internal Tensor TakeHeads(ElementType type) => Take(type, _shape.Heads);

    /// <summary>A tensor <c>[B, T, k, H]</c>, each head's rows side by side.</summary>
    internal Tensor TakeKeys(ElementType type) => Take(type, _shape.Keys);

    /// <summary>A tensor <c>[B, T, n]</c>, float32.</summary>
    internal Tensor TakeStatistic()
    {
        var buffer = _staging.Take(_shape.Batch * _shape.Tokens * _shape.Heads * ElementType.Float32.ByteCount());
        _taken.Add(buffer);
        return Tensor.Of(buffer, 0, ElementType.Float32, _shape.Batch, _shape.Tokens, _shape.Heads);
    }

    /// <summary>Gives back all but the first <paramref name="kept"/> tensors.</summary>
    internal void Return(int kept)
    {
        for (var at = _taken.Count - 1; at >= kept; at--)
        {
            _staging.Return(_taken[at]);
            _taken.RemoveAt(at);
        }
    }

    private Tensor Take(ElementType type, int heads)
    {
        var buffer = _staging.Take(_shape.Batch * _shape.Tokens * heads * _shape.HeadSize * type.ByteCount());
        _taken.Add(buffer);
        return Tensor.Of(buffer, 0, type, _shape.Batch, heads, _shape.Tokens, _shape.HeadSize).Swap(1, 2);
    }
}

/// <summary>The exchanged blocks of a rank; where the plan says so, those of each layer stay from forward to backward.</summary>
internal sealed class KeptBlocks(BlockContext context)
{
    private const int Inputs = 3;

    private readonly Dictionary<int, HeadBlock> _byLayer = [];

    internal HeadBlock Begin(AttentionLayer layer, LayerSchedule schedule)
    {
        // A forward that runs again (recompute) or never had a backward leaves one behind.
        if (_byLayer.Remove(layer.Index, out var before))
        {
            before.Return(kept: 0);
        }

        return Make(schedule);
    }

    internal void EndForward(AttentionLayer layer, HeadBlock block)
    {
        if (!context.Plan.KeepsExchanged)
        {
            block.Return(kept: 0);
            return;
        }

        block.Return(Inputs);
        block.IsKept = true;
        _byLayer.Add(layer.Index, block);
    }

    internal HeadBlock Again(AttentionLayer layer, LayerSchedule schedule) => _byLayer.Remove(layer.Index, out var kept) ? kept : Make(schedule);

    internal static void End(HeadBlock block) => block.Return(kept: 0);

    private HeadBlock Make(LayerSchedule schedule) => new(
        context.Staging, context.Plan.Batch, context.Plan.RingLayout().Count(schedule.Steps.Block.Index), schedule.Steps.Exchange!, context.Plan.HeadSize,
        MessageFields.TypeOf(context.Plan.ComputeFormat));
}
