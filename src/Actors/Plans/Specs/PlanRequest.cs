using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

// Shape letters: S tokens, B sequences, N query heads, K KV heads, H head size, L layers.

/// <summary>What a job asks for; <see cref="Resolve"/> fills in what it leaves open and refuses what cannot be.</summary>
public sealed record PlanRequest
{
    // Ranks of a window of a double ring by default: the devices of a usual machine.
    private const int UsualWindow = 8;

    /// <summary>Spelling of the mode, EasyContext's names included.</summary>
    public required string Mode { get; init; }

    /// <summary>Ranks of the job.</summary>
    public required int Ranks { get; init; }

    /// <summary>dp; 0 for as few replicas as there can be: 1, or all ranks in mode data_parallel.</summary>
    public int DataParallel { get; init; }

    /// <summary>cp; 0 for what the other degrees leave.</summary>
    public int Context { get; init; }

    /// <summary>hp; 0 for all ranks of a sequence in mode ulysses, in mode usp for the largest degree that needs no KV head twice, otherwise 1.</summary>
    public int Heads { get; init; }

    /// <summary>Order of ranks.</summary>
    public MeshPlacement Placement { get; init; }

    /// <summary>w of a double ring; 0 for the largest proper divisor of cp up to 8.</summary>
    public int InnerWindow { get; init; }

    /// <summary>Mode between ring ranks in mode usp.</summary>
    public string RingMode { get; init; } = "zigzag";

    /// <summary>Layout; null for that of the mode (zigzag for double-ring, contiguous for all-gather).</summary>
    public LayoutKind? Layout { get; init; }

    /// <summary>Relative speeds of the ranks of a sequence, in order of sequence ranks; empty for equal ones.</summary>
    public ImmutableArray<int> Speeds { get; init; } = [];

    /// <summary>S.</summary>
    public required long Tokens { get; init; }

    /// <summary>B.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>N.</summary>
    public required int QueryHeads { get; init; }

    /// <summary>K.</summary>
    public required int KeyHeads { get; init; }

    /// <summary>H.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Sliding window of each of the L layers, 0 for none.</summary>
    public required ImmutableArray<long> LayerWindows { get; init; }

    /// <summary>Positions at a document's start that stay visible outside a window.</summary>
    public long Sink { get; init; }

    /// <summary>Whether a query sees only positions up to its own.</summary>
    public bool IsCausal { get; init; } = true;

    /// <summary>Format of q, out and dout.</summary>
    public ElementFormat ComputeFormat { get; init; }

    /// <summary>Format of k and v on the wire; null for the compute format.</summary>
    public ElementFormat? KvFormat { get; init; }

    /// <summary>Format of gradients on the wire.</summary>
    public ElementFormat GradientFormat { get; init; }

    /// <summary>Whether q, k and v stay exchanged between forward and backward where heads are sharded.</summary>
    public bool KeepsExchanged { get; init; }

    /// <summary>Where random choices start.</summary>
    public long RngSeed { get; init; }

    /// <summary>The plan.</summary>
    /// <exception cref="PlanException">No plan can meet the request; one line names rank or field, its value and the nearest possible setting.</exception>
    public SequenceParallelPlan Resolve()
    {
        var mode = SequenceModes.Parse(Mode);
        var ringMode = mode switch
        {
            SequenceMode.Usp => SequenceModes.Parse(RingMode),
            SequenceMode.Ulysses => SequenceMode.Ring,
            _ => mode,
        };
        PlanRules.AtLeastOne("ranks", Ranks);
        PlanRules.AtLeastOne("heads", QueryHeads);
        PlanRules.AtLeastOne("kv-heads", KeyHeads);
        var (replicas, sequenceRanks) = Replicas(mode);
        var heads = HeadDegree(mode, sequenceRanks);
        var context = ContextDegree(sequenceRanks, heads);
        var plan = new SequenceParallelPlan
        {
            Mode = mode,
            RingMode = ringMode,
            Mesh = Settled(new(replicas, context, heads, Placement, Window(ringMode, context))),
            Layout = Layout ?? PlanRules.OnlyLayout(ringMode) ?? (ringMode == SequenceMode.DoubleRing ? LayoutKind.Zigzag : LayoutKind.Contiguous),
            Speeds = RingSpeeds(mode, sequenceRanks, heads),
            Tokens = Tokens,
            Batch = Batch,
            QueryHeads = QueryHeads,
            KeyHeads = KeyHeads,
            HeadSize = HeadSize,
            LayerWindows = LayerWindows.IsDefault ? [] : LayerWindows,
            Sink = Sink,
            IsCausal = IsCausal,
            ComputeFormat = ComputeFormat,
            KvFormat = KvFormat ?? ComputeFormat,
            GradientFormat = GradientFormat,
            KeepsExchanged = KeepsExchanged,
            RngSeed = RngSeed,
        };
        plan.Check();
        return plan;
    }

    private (int Replicas, int SequenceRanks) Replicas(SequenceMode mode)
    {
        var replicas = DataParallel != 0 ? DataParallel : mode == SequenceMode.DataParallel ? Ranks : 1;
        if (replicas < 0 || Ranks % replicas != 0)
        {
            throw Invariant.Refuse($"dp = {replicas} does not divide ranks = {Ranks}; nearest possible: dp = {PlanRules.NearestDivisor(Ranks, replicas)}");
        }

        if (mode == SequenceMode.DataParallel && replicas != Ranks)
        {
            throw Invariant.Refuse($"dp = {replicas} of ranks = {Ranks} in mode data_parallel; nearest possible: dp = {Ranks}");
        }

        return (replicas, Ranks / replicas);
    }

    private int HeadDegree(SequenceMode mode, int sequenceRanks)
    {
        var heads = Heads != 0 ? Heads : mode switch
        {
            SequenceMode.Ulysses => sequenceRanks,
            SequenceMode.Usp => PlanRules.NearestDivisor(sequenceRanks, KeyHeads, KeyHeads),
            _ => 1,
        };
        return heads > 0 && sequenceRanks % heads == 0
            ? heads
            : throw Invariant.Refuse(
                $"hp = {heads} does not divide the {sequenceRanks} ranks of a sequence; nearest possible: hp = {PlanRules.NearestDivisor(sequenceRanks, heads, QueryHeads)}");
    }

    private int ContextDegree(int sequenceRanks, int heads)
    {
        var context = sequenceRanks / heads;
        return Context == 0 || Context == context
            ? context
            : throw Invariant.Refuse($"cp = {Context} times hp = {heads} is not the {sequenceRanks} ranks of a sequence; nearest possible: cp = {context}");
    }

    private int Window(SequenceMode ringMode, int context)
    {
        if (InnerWindow != 0)
        {
            return InnerWindow;
        }

        return ringMode == SequenceMode.DoubleRing ? PlanRules.NearestDivisor(context, UsualWindow, Math.Min(UsualWindow, Math.Max(context / 2, 1))) : context;
    }

    // A plan says what happens: interleaved where nothing can be interleaved is context-first.
    private static RankMesh Settled(RankMesh mesh) =>
        mesh.Placement == MeshPlacement.Interleaved && !mesh.IsInterleaved ? mesh with { Placement = MeshPlacement.ContextFirst } : mesh;

    private ImmutableArray<int> RingSpeeds(SequenceMode mode, int sequenceRanks, int heads)
    {
        if (Speeds.IsDefaultOrEmpty)
        {
            return [.. Enumerable.Repeat(1, sequenceRanks / heads)];
        }

        if (Speeds.Length != sequenceRanks)
        {
            throw Invariant.Refuse($"speeds: {Speeds.Length} given for the {sequenceRanks} ranks of a sequence; nearest possible: {sequenceRanks} of them");
        }

        for (var rank = 0; rank < sequenceRanks; rank++)
        {
            var first = rank / heads * heads;
            if (Speeds[rank] != Speeds[first])
            {
                throw Invariant.Refuse(
                    $"rank {rank}: speed = {Speeds[rank]} differs from {Speeds[first]} of rank {first}, and in mode {mode.Spelling()} both have the same number of heads; nearest possible: {Speeds[first]}");
            }
        }

        return [.. Enumerable.Range(0, sequenceRanks / heads).Select(ring => Speeds[ring * heads])];
    }
}
