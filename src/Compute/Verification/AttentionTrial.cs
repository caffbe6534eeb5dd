using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Verification;

// Shape letters: B batch, S tokens, N query heads, K KV heads, H head dim.

/// <summary>One attention problem, whole: random q, k, v, dout and documents, and what one rank alone makes of them.</summary>
public sealed class AttentionTrial
{
    /// <summary>Transfers and bytes that a rank sends while it solves the problem, by the schedule.</summary>
    public Traffic Planned(SequenceRank rank)
    {
        var schedule = Schedule();
        var (forward, backward) = (schedule.Sent(rank, SchedulePass.Forward), schedule.Sent(rank, SchedulePass.Backward));
        return new(Passes * (forward.Bytes + backward.Bytes), Passes * (forward.Hops + backward.Hops));
    }

    /// <summary>Transfers that a rank receives while it solves the problem, by the schedule.</summary>
    public int PlannedArrivals(SequenceRank rank)
    {
        var schedule = Schedule();
        return Passes * new[] { SchedulePass.Forward, SchedulePass.Backward }.Sum(pass => schedule.Transfers(pass).Count(transfer => transfer.To == rank));
    }

    /// <summary>How often a problem is solved, forward and backward.</summary>
    public const int Passes = 2;

    /// <summary>Random numbers, always the same.</summary>
    /// <param name="plan">Shapes, window of layer 0, sink.</param>
    /// <param name="documents">Document starts of each of the B sequences, or null for one document.</param>
    /// <param name="type">Float32, or BFloat16 for inputs rounded to it.</param>
    public AttentionTrial(SequenceParallelPlan plan, IReadOnlyList<long[]?> documents, ElementType type = ElementType.Float32)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(documents);
        Plan = plan;
        Documents = documents;
        Type = type;
        var random = new Random(17);
        (Q, K, V, Dout) = (Random(random, plan.QueryHeads), Random(random, plan.KeyHeads), Random(random, plan.KeyHeads), Random(random, plan.QueryHeads));
    }

    /// <summary>The plan.</summary>
    public SequenceParallelPlan Plan { get; }

    /// <summary>Document starts of each sequence, or null.</summary>
    public IReadOnlyList<long[]?> Documents { get; }

    private ElementType Type { get; }

    private float[] Q { get; }

    private float[] K { get; }

    private float[] V { get; }

    private float[] Dout { get; }

    private double Scale => 1 / Math.Sqrt(Plan.HeadSize);

    /// <summary>What one rank alone makes of it.</summary>
    public AttentionResults Alone(ComputeDevice device)
    {
        var rows = Enumerable.Range(0, (int)Plan.Tokens).Select(row => (long)row).ToArray();
        return Solve(device, new LocalAttention(device, Plan.Sink), rows);
    }

    /// <summary>Solves the part of the problem at some positions, <see cref="Passes"/> times forward and backward.</summary>
    /// <param name="device">Computes.</param>
    /// <param name="attention">The strategy on trial.</param>
    /// <param name="rows">Positions of this rank's tokens, in order of its rows.</param>
    public AttentionResults Solve(ComputeDevice device, IAttentionStrategy attention, long[] rows)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(attention);
        ArgumentNullException.ThrowIfNull(rows);
        using var memory = new TrialMemory(device, Plan, rows.Length, Type);
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

    private AttentionSchedule Schedule() =>
        AttentionSchedule.Build(Plan, Plan.Pattern(0).WithDocuments([.. Documents.Select(starts => new ReadOnlyMemory<long>(starts ?? [0]))]));

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
