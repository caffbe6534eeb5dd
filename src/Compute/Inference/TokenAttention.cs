using ActorRing.Compute.Communication;
using ActorRing.Compute.Model;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Inference;

// Shape letters: N query heads, H head dim, P ranks.

/// <summary>
/// One token's attention over the keys that all ranks hold: each attends those of its own cache, and what comes out, N (H + 1) numbers, is gathered and merged by LSE. No key
/// and no value moves, so the cost on the wire does not grow with the sequence.
/// </summary>
/// <remarks>All ranks merge the same parts in the same order and get the same bits. Source: arXiv:2408.04093 (tree attention), merging of blocks as in arXiv:2307.08691.</remarks>
internal sealed class TokenAttention(ComputeDevice device, ModelDims dims, InferenceMemory memory, KvCache cache, ICommunicator? ranks, long sink)
{
    private readonly long[] _partCounts = [.. Enumerable.Repeat((long)dims.Heads * (dims.HeadSize + 1), ranks?.Size ?? 1)];

    /// <summary>Attends.</summary>
    /// <param name="q">Rotated query <c>[1, 1, N, H]</c>.</param>
    /// <param name="position">Where it stands; its own key is in the cache of one rank.</param>
    /// <param name="layer">Which layer, and its window.</param>
    /// <param name="output">Written, <c>[1, 1, N, H]</c>.</param>
    /// <param name="lse">Written, float32 <c>[1, 1, N]</c>.</param>
    internal void Attend(in Tensor q, long position, AttentionLayer layer, in Tensor output, in Tensor lse)
    {
        if (ranks is null)
        {
            AttendOwn(q, position, layer, output, lse);
            return;
        }

        var (ownOutput, ownLse) = Part(ranks.Rank);
        AttendOwn(q, position, layer, ownOutput, ownLse);
        ranks.AllGather(memory.Parts.Slice(0, ranks.Rank, 1), memory.Parts, _partCounts, new HopLabel(layer.Index, -1, HopChannel.Output)).Wait();
        Merge(output, lse);
    }

    private void AttendOwn(in Tensor q, long position, AttentionLayer layer, in Tensor output, in Tensor lse)
    {
        var runs = cache.Runs;
        if (runs.Count == 0)
        {
            device.Fill(0, output);
            device.Fill(double.NegativeInfinity, lse);
            return;
        }

        for (var at = 0; at < runs.Count; at++)
        {
            var (row, tokens) = runs[at];
            var isLast = at == runs.Count - 1;
            var mask = new AttentionMask { QueryPosition = position, KeyPosition = tokens.Start, KeyStep = tokens.Step, Window = layer.Window, Sink = sink };
            device.AttentionForward(
                q, cache.Keys(layer.Index, row, (int)tokens.Count), cache.Values(layer.Index, row, (int)tokens.Count), mask, dims.SoftmaxScale,
                (at == 0 ? AttentionPart.First : 0) | (isLast ? AttentionPart.Last : 0), memory.State, isLast ? output : default, isLast ? lse : default);
        }
    }

    // A finished (out, lse) is a running state whose maximum is lse and whose sum is 1; a rank that saw no key has lse = -infinity and adds nothing.
    private void Merge(in Tensor output, in Tensor lse)
    {
        var (first, firstLse) = Part(0);
        device.Copy(first, memory.StateOutput);
        device.Copy(firstLse, memory.StateMax);
        device.Fill(1, memory.StateSum);
        for (var rank = 1; rank < ranks!.Size; rank++)
        {
            var (part, partLse) = Part(rank);
            device.AttentionMerge(new AttentionState(part, partLse, memory.Ones), memory.State);
        }

        device.AttentionFinish(memory.State, output, lse);
    }

    private (Tensor Output, Tensor Lse) Part(int rank)
    {
        var part = memory.Parts.Slice(0, rank, 1);
        return (part.Slice(1, 0, dims.AttentionWidth).Reshape(1, 1, dims.Heads, dims.HeadSize), part.Slice(1, dims.AttentionWidth, dims.Heads).Reshape(1, 1, dims.Heads));
    }
}
