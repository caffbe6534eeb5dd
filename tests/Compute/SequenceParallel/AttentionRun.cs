using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.SequenceParallel;

// Shape letters: B batch, S tokens, N query heads, K KV heads, H head dim.

/// <summary>One attention problem, whole: random q, k, v, dout and documents, and what one rank alone makes of them.</summary>
internal sealed class AttentionRun
{
    /// <summary>How often a problem is solved, forward and backward.</summary>
    internal const int Passes = 2;

    internal AttentionRun(SequenceParallelPlan plan, long[]?[] documents, ElementType type = ElementType.Float32)
    {
        Plan = plan;
        Documents = documents;
        Type = type;
        var random = new Random(17);
        (Q, K, V, Dout) = (Random(random, plan.QueryHeads), Random(random, plan.KeyHeads), Random(random, plan.KeyHeads), Random(random, plan.QueryHeads));
    }

    internal SequenceParallelPlan Plan { get; }

    internal long[]?[] Documents { get; }

    internal ElementType Type { get; }

    /// <summary>Row-major <c>[B, S, N, H]</c>.</summary>
    internal float[] Q { get; }

    /// <summary>Row-major <c>[B, S, K, H]</c>.</summary>
    internal float[] K { get; }

    /// <summary>Row-major <c>[B, S, K, H]</c>.</summary>
    internal float[] V { get; }

    /// <summary>Row-major <c>[B, S, N, H]</c>.</summary>
    internal float[] Dout { get; }

    private double Scale => 1 / Math.Sqrt(Plan.HeadSize);

    /// <summary>One rank alone.</summary>
    internal AttentionResults Alone()
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        var rows = Enumerable.Range(0, (int)Plan.Tokens).Select(row => (long)row).ToArray();
        return Run(device, new LocalAttention(device, Plan.Sink), rows);
    }

    /// <summary>Every rank of the plan on a thread of its own.</summary>
    internal (AttentionResults Results, CommunicationCounters[] Counters) Together(TransportKind transport = TransportKind.Loopback)
    {
        var layout = Plan.SequenceLayout();
        var results = new AttentionResults(Plan);
        var counters = new CommunicationCounters[2 * Plan.Mesh.SequenceRanks];
        var meeting = new InMemoryRendezvous();
        RankThreads.Run(Plan.Mesh.SequenceRanks, rank =>
        {
            using var device = NativeBackend.LoadCpu().Open(1);
            using var links = RankLinks.Connect(meeting, new SequenceRank(rank), Plan.Mesh.SequenceRanks, transport);
            using var attention = new PlannedAttention(device, Plan, new SequenceRank(rank), links.Links);
            var rows = Enumerable.Range(0, (int)layout.Count(rank)).Select(row => layout.PositionOf(rank, row)).ToArray();
            var part = Run(device, attention, rows);
            lock (results)
            {
                results.Put(part, rows);
            }

            (counters[2 * rank], counters[(2 * rank) + 1]) = (links.Blocks.Counters, links.Results.Counters);
        });
        return (results, counters);
    }

    private AttentionResults Run(ComputeDevice device, IAttentionStrategy attention, long[] rows)
    {
        using var memory = new RankMemory(device, Plan, rows.Length, Type);
        memory.Put(memory.Q, Q, rows);
        memory.Put(memory.K, K, rows);
        memory.Put(memory.V, V, rows);
        memory.Put(memory.Dout, Dout, rows);
        var masks = new SequenceMasks(Plan.Batch);
        for (var sequence = 0; sequence < Plan.Batch; sequence++)
        {
            masks.SetDocuments(sequence, Documents[sequence] ?? [0]);
        }

        // More than once: what a first pass leaves in the staging buffers must not show in a second.
        for (var pass = 0; pass < Passes; pass++)
        {
            var layer = new AttentionLayer(0, (int)Plan.LayerWindows[0]);
            attention.Forward(memory.Q, memory.K, memory.V, masks, layer, Scale, memory.Out, memory.Lse);
            device.AttentionDelta(memory.Out, memory.Dout, memory.Delta);
            attention.Backward(memory.Q, memory.K, memory.V, memory.Dout, memory.Lse, memory.Delta, masks, layer, Scale, memory.Dq, memory.Dk, memory.Dv);
        }

        return memory.Results(Plan, rows.Length);
    }

    private float[] Random(Random random, int heads)
    {
        var values = new float[Plan.Batch * Plan.Tokens * heads * Plan.HeadSize];
        for (var i = 0; i < values.Length; i++)
        {
            var value = (float)((random.NextDouble() * 2) - 1);
            values[i] = Type == ElementType.BFloat16 ? BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000) : value;
        }

        return values;
    }
}
