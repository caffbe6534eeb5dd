using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

// Shape letters: B sequences, S tokens, L layers, N query heads, K KV heads, H head size, P ring ranks.

/// <summary>How the ranks of one epoch share their sequences: everything that all of them must agree on before the first byte moves.</summary>
/// <remarks>
/// What changes with every micro-batch or layer (documents, windows) is an <see cref="AttentionPattern"/>; plan and pattern together give the
/// <see cref="AttentionSchedule"/>.
/// </remarks>
public sealed record SequenceParallelPlan
{
    /// <summary>How attention is shared.</summary>
    public required SequenceMode Mode { get; init; }

    /// <summary>What runs between the ring ranks: equal to <see cref="Mode"/>, except in <see cref="SequenceMode.Usp"/> and
    /// <see cref="SequenceMode.Ulysses"/>.</summary>
    public required SequenceMode RingMode { get; init; }

    /// <summary>All ranks of the job.</summary>
    public required RankMesh Mesh { get; init; }

    /// <summary>How tokens are dealt out to ring ranks.</summary>
    public required LayoutKind Layout { get; init; }

    /// <summary>Relative speed of each ring rank, P of them.</summary>
    public required ImmutableArray<int> Speeds { get; init; }

    /// <summary>S.</summary>
    public required long Tokens { get; init; }

    /// <summary>B of a micro-batch.</summary>
    public required int Batch { get; init; }

    /// <summary>N.</summary>
    public required int QueryHeads { get; init; }

    /// <summary>K.</summary>
    public required int KeyHeads { get; init; }

    /// <summary>H.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Sliding window of each of the L layers in tokens, 0 for none.</summary>
    public required ImmutableArray<long> LayerWindows { get; init; }

    /// <summary>Positions at a document's start that stay visible outside a layer's window.</summary>
    public long Sink { get; init; }

    /// <summary>Whether a query sees only positions up to its own.</summary>
    public bool IsCausal { get; init; } = true;

    /// <summary>Format of q, out and dout.</summary>
    public ElementFormat ComputeFormat { get; init; }

    /// <summary>Format of k and v on the wire.</summary>
    public ElementFormat KvFormat { get; init; }

    /// <summary>Format of gradients on the wire. In bfloat16 every hop rounds.</summary>
    public ElementFormat GradientFormat { get; init; }

    /// <summary>Format in which partial results and gradients are added up.</summary>
    public ElementFormat AccumulationFormat { get; init; }

    /// <summary>Whether q, k and v stay exchanged between forward and backward where heads are sharded: less traffic, more memory.</summary>
    public bool KeepsExchanged { get; init; }

    /// <summary>Where random choices of the epoch start.</summary>
    public long RngSeed { get; init; }

    /// <summary>L.</summary>
    public int Layers => LayerWindows.Length;

    /// <summary>Tokens of every ring rank. Cost: O(P); keep it.</summary>
    public TokenLayout RingLayout() => TokenLayout.Create(Layout, Tokens, Speeds);

    /// <summary>Tokens of every sequence rank: what each holds outside attention. Cost: O(ranks); keep it.</summary>
    public TokenLayout SequenceLayout() => RingLayout().CutForHeads(Mesh.Heads);

    /// <summary>Which heads the ranks of a head group attend with.</summary>
    public HeadShares HeadShares() => new(QueryHeads, KeyHeads, Mesh.Heads);

    /// <summary>The pattern of a layer without documents; add those with <see cref="AttentionPattern.WithDocuments"/>.</summary>
    /// <param name="layer">From 0, below L.</param>
    public AttentionPattern Pattern(int layer) => AttentionPattern.Create(Tokens, Batch, IsCausal, LayerWindows[layer], Sink);

    /// <summary>SHA-256 of <see cref="CanonicalBytes"/> in 64 lower-case hexadecimal digits: equal iff the plans are, on every machine.</summary>
    public string Hash() => PlanFields.Hash(this);

    /// <summary>Every field with its tag, little-endian, in a fixed order.</summary>
    public byte[] CanonicalBytes() => PlanFields.Bytes(this);

    /// <summary>The first field in which another plan differs from this one; null where none does.</summary>
    public PlanDifference? FirstDifference(SequenceParallelPlan other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return PlanFields.FirstDifference(this, other);
    }

    /// <summary>Refuses a plan that cannot be carried out.</summary>
    /// <exception cref="PlanException">The first thing that is wrong, in one line.</exception>
    public void Check() => PlanRules.Check(this);

    /// <inheritdoc/>
    public bool Equals(SequenceParallelPlan? other) => other is not null && FirstDifference(other) is null;

    /// <inheritdoc/>
    public override int GetHashCode() => (int)Tokens ^ (Batch << 8) ^ (Mesh.Ranks << 16) ^ ((int)Mode << 24);
}
