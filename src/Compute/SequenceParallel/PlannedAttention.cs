using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

// Shape letters: B batch, T tokens on this rank, N query heads, K KV heads, H head dim.

/// <summary>Attention of one rank as a plan lays it out, in any mode: exchange tokens for heads where heads are sharded, attend block by block, exchange back.</summary>
/// <remarks>
/// Not for several threads. After a failed transfer neither this nor its communicators can be used again: dispose of both and make
/// them anew under the next epoch. Where the links lend, others may read what this rank sent after <see cref="Forward"/> has returned, but
/// not after <see cref="Backward"/> or <see cref="Settle"/>. Cost: the schedule's transfers (<see cref="AttentionSchedule"/>), and the memory of <see cref="StagingBytes"/>.
/// </remarks>
public sealed class PlannedAttention : IAttentionStrategy, IDisposable
{
    private readonly BlockContext _context;
    private readonly BlockAttention _blocks;
    private readonly HeadExchanger _exchanger;
    private readonly ScheduleCache _schedules;
    private readonly KeptBlocks _kept;

    /// <summary>One rank's part.</summary>
    /// <param name="device">Computes; borrowed.</param>
    /// <param name="plan">The plan that all ranks of the sequence agreed on.</param>
    /// <param name="rank">This rank, from 0, below cp x hp.</param>
    /// <param name="links">Communicators of the ranks of the sequence; borrowed.</param>
    /// <param name="watch">Told when blocks leave; null where nobody wants to know.</param>
    public PlannedAttention(ComputeDevice device, SequenceParallelPlan plan, SequenceRank rank, SequenceLinks links, IAttentionWatch? watch = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(links);
        _context = new BlockContext(device, plan, new Staging(device), links, watch);
        _blocks = new BlockAttention(_context);
        _exchanger = new HeadExchanger(_context);
        _schedules = new ScheduleCache(plan, rank);
        _kept = new KeptBlocks(_context);
    }

    /// <summary>Bytes of messages, running states and exchanged blocks: grows in the first pass of a shape, then stays.</summary>
    public long StagingBytes => _context.Staging.ByteCount;

    /// <inheritdoc/>
    public void Forward(in Tensor q, in Tensor k, in Tensor v, SequenceMasks masks, AttentionLayer layer, double softmaxScale, in Tensor output, in Tensor lse)
    {
        var schedule = _schedules.Of(layer.Index, masks);
        if (schedule.Steps.Exchange is not { } exchange)
        {
            _blocks.Forward(schedule, layer, new BlockTensors(q, k, v), softmaxScale, output, lse);
            return;
        }

        var block = _kept.Begin(layer, schedule);
        _exchanger.ToHeads(exchange, exchange.HeadsIn, layer, new(q, block.Q), new(k, block.K, IsOfKeys: true), new(v, block.V, IsOfKeys: true));
        var (blockOutput, blockLse) = (block.TakeHeads(block.Q.Type), block.TakeStatistic());
        _blocks.Forward(schedule, layer, new BlockTensors(block.Q, block.K, block.V), softmaxScale, blockOutput, blockLse);
        _exchanger.ToTokens(exchange, exchange.HeadsOut, layer, new(output, blockOutput), new(lse, blockLse));
        _kept.EndForward(layer, block);
    }

    /// <inheritdoc/>
    public void Backward(
        in Tensor q, in Tensor k, in Tensor v, in Tensor dout, in Tensor lse, in Tensor delta, SequenceMasks masks, AttentionLayer layer, double softmaxScale, in Tensor dq, in Tensor dk, in Tensor dv)
    {
        var schedule = _schedules.Of(layer.Index, masks);
        if (schedule.Steps.Exchange is not { } exchange)
        {
            _blocks.Backward(schedule, layer, new BlockTensors(q, k, v, dout, lse, delta), softmaxScale, new BlockGradients(dq, dk, dv));
            Settle();
            return;
        }

        var block = _kept.Again(layer, schedule);
        var (blockDout, blockLse, blockDelta) = (block.TakeHeads(block.Q.Type), block.TakeStatistic(), block.TakeStatistic());
        Exchanged[] gradients = [new(dout, blockDout), new(lse, blockLse), new(delta, blockDelta)];
        Exchanged[] inputs = [new(q, block.Q), new(k, block.K, IsOfKeys: true), new(v, block.V, IsOfKeys: true)];
        _exchanger.ToHeads(exchange, exchange.HeadGradientsIn, layer, block.IsKept ? gradients : [.. gradients, .. inputs]);
        var (blockDq, blockDk, blockDv) = (block.TakeHeads(ElementType.Float32), block.TakeKeys(ElementType.Float32), block.TakeKeys(ElementType.Float32));
        _blocks.Backward(
            schedule, layer, new BlockTensors(block.Q, block.K, block.V, blockDout, blockLse, blockDelta), softmaxScale, new BlockGradients(blockDq, blockDk, blockDv));
        _exchanger.ToTokens(exchange, exchange.HeadGradientsOut, layer, new(dq, blockDq), new(dk, blockDk, IsOfKeys: true), new(dv, blockDv, IsOfKeys: true));
        KeptBlocks.End(block);
        Settle();
    }

    /// <summary>Waits until nobody reads any more what this rank sent: to be called before the links are disposed of after a <see cref="Forward"/> without a <see cref="Backward"/>.</summary>
    /// <exception cref="CommunicationException">Somebody did not let go by the deadline, or is lost.</exception>
    public void Settle() => _context.Leaving.Wait();

    /// <inheritdoc/>
    public void Dispose() => _context.Staging.Dispose();
}
