namespace ActorRing.Actors.Plans.Cost;

// B rows of a micro-batch, S whole sequence, T tokens on this rank, N query heads, K KV heads.

/// <summary>What backward computes again.</summary>
public enum CostRecompute
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Every layer except attention, whose output and lse are kept.</summary>
    SelectivePlusPlus,

    /// <summary>Every layer, from its input; attention's transfers happen again too.</summary>
    Full,
}

/// <summary>What lives in the host's memory.</summary>
/// <param name="Optimizer">Master weights, gradients and moments; the host runs AdamW.</param>
/// <param name="Parameters">The weights' shards too; needs ZeRO stage 3.</param>
/// <param name="Activations">What forward keeps for backward.</param>
public readonly record struct CostOffload(bool Optimizer, bool Parameters, bool Activations)
{
    /// <summary>Nothing.</summary>
    public static CostOffload None => default;

    /// <summary>As <c>--offload</c> spells it.</summary>
    public string Name => (Optimizer, Parameters, Activations) switch
    {
        (false, _, false) => "none",
        (true, false, false) => "optimizer",
        (true, true, false) => "optimizer+parameters",
        (false, _, true) => "activations",
        (true, false, true) => "optimizer+activations",
        _ => "all",
    };
}

/// <summary>One complete way to spread a job over GPUs.</summary>
/// <param name="Mode">How sequences are spread.</param>
/// <param name="DataParallel">Groups that train on different rows.</param>
/// <param name="HeadParallel">Ranks of an all-to-all; 1 for none.</param>
/// <param name="ContextParallel">Ranks of a ring or gather; 1 for none.</param>
/// <param name="InnerWindow">Ranks of an inner ring; only for <see cref="CostMode.DoubleRing"/>, else 1.</param>
/// <param name="ZeroStage">0 nothing, 1 optimiser, 2 and gradients, 3 and weights are sharded, over all GPUs.</param>
/// <param name="Offload">What lives in the host's memory.</param>
/// <param name="Recompute">What backward computes again.</param>
/// <param name="Tokens">S.</param>
/// <param name="Batch">B of each group.</param>
/// <param name="Accumulation">Micro-batches of an update.</param>
/// <param name="Types">Element types.</param>
/// <param name="Kernels">Memory traffic beside matrix products.</param>
/// <param name="HostThreads">Host threads of each GPU that run the optimiser where it is offloaded.</param>
public sealed record ParallelSetting(
    CostMode Mode,
    int DataParallel,
    int HeadParallel,
    int ContextParallel,
    int InnerWindow,
    int ZeroStage,
    CostOffload Offload,
    CostRecompute Recompute,
    long Tokens,
    int Batch,
    int Accumulation,
    CostTypes Types,
    KernelTraffic Kernels,
    int HostThreads)
{
    /// <summary>Ranks that share one sequence.</summary>
    public int SequenceRanks => HeadParallel * ContextParallel;

    /// <summary>All ranks.</summary>
    public int Gpus => DataParallel * SequenceRanks;

    /// <summary>T: tokens of a sequence on the fullest rank. Zigzag cuts in 2 P chunks and pads; other modes give some ranks one token more.</summary>
    public long LocalTokens
    {
        get
        {
            var pieces = Mode is CostMode.Zigzag or CostMode.Usp or CostMode.DoubleRing or CostMode.AllGather ? 2L * SequenceRanks : SequenceRanks;
            var piece = (Tokens + pieces - 1) / pieces;
            return SequenceRanks == 1 ? Tokens : piece * (pieces / SequenceRanks);
        }
    }

    /// <summary>B T.</summary>
    public long Rows => Batch * LocalTokens;

    /// <summary>Tokens of all groups in one update.</summary>
    public long TokensPerUpdate => Tokens * Batch * DataParallel * Accumulation;

    /// <summary>Why the setting cannot be, or null: which number, its value, what is allowed.</summary>
    public string? Problem(ModelCost model)
    {
        if (DataParallel < 1 || HeadParallel < 1 || ContextParallel < 1 || Tokens < 1 || Batch < 1 || Accumulation < 1)
        {
            return $"data {DataParallel} x head {HeadParallel} x context {ContextParallel}, {Tokens} tokens, batch {Batch}, accumulation {Accumulation}; "
                + "allowed: 1 and above";
        }

        if (ZeroStage is < 0 or > 3)
        {
            return $"zero {ZeroStage}; allowed: 0 to 3";
        }

        if (Offload.Parameters && (ZeroStage < 3 || !Offload.Optimizer))
        {
            return $"offload of parameters with zero {ZeroStage}; allowed: zero 3, optimizer offloaded too";
        }

        if (SequenceRanks > Tokens)
        {
            return $"{SequenceRanks} ranks for {Tokens} tokens; allowed: a token for each rank";
        }

        return HeadParallel > model.Heads ? $"head {HeadParallel}; allowed: at most {model.Heads} query heads" : ProblemOfMode();
    }

    private string? ProblemOfMode() => Mode switch
    {
        CostMode.DataParallel => SequenceRanks == 1 ? null : $"{SequenceRanks} ranks for one sequence; allowed: 1 in data_parallel",
        CostMode.Ulysses => HeadParallel > 1 && ContextParallel == 1
            ? null
            : $"head {HeadParallel} x context {ContextParallel}; allowed: head above 1, context 1 in ulysses",
        CostMode.Usp => HeadParallel > 1 && ContextParallel > 1 ? null : $"head {HeadParallel} x context {ContextParallel}; allowed: both above 1 in usp",
        _ when HeadParallel != 1 || ContextParallel == 1 =>
            $"head {HeadParallel} x context {ContextParallel}; allowed: head 1, context above 1 in {CostModes.NameOf(Mode)}",
        CostMode.LightSeq => ContextParallel % 2 == 0 ? null : $"context {ContextParallel}; allowed: an even number in lightseq",
        CostMode.DoubleRing => InnerWindow > 1 && InnerWindow < ContextParallel && ContextParallel % InnerWindow == 0
            ? null
            : $"inner window {InnerWindow}; allowed: a divisor of context {ContextParallel} between 1 and it",
        _ => null,
    };
}

/// <summary>Bytes of the element types of a plan.</summary>
/// <param name="Compute">Weights in products, activations, KV blocks on the wire: 2 or 4.</param>
/// <param name="KvGradient">dK and dV on the wire: 4 keeps rounding from growing with the ring.</param>
/// <param name="Gradient">Gradients, held and on the wire.</param>
/// <param name="WholeLogits">Whether all logits exist at once (compute type and float32) instead of a tile of rows.</param>
public sealed record CostTypes(int Compute, int KvGradient, int Gradient, bool WholeLogits)
{
    /// <summary>This project: bfloat16 activations, float32 gradients everywhere, logits in tiles.</summary>
    public static CostTypes BFloat16 { get; } = new(2, 4, 4, WholeLogits: false);

    /// <summary>Float32 throughout.</summary>
    public static CostTypes SinglePrecision { get; } = new(4, 4, 4, WholeLogits: false);

    /// <summary>EasyContext and its like: bfloat16 gradients, dK and dV in float32 on the wire, whole logits.</summary>
    public static CostTypes DeepSpeed { get; } = new(2, 4, 2, WholeLogits: true);
}
