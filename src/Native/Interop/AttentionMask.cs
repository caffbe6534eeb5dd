using System.Runtime.InteropServices;

namespace ActorRing.Native;

/// <summary>Which keys a query may see, from absolute positions; the rule itself stands in <c>actorring.h</c> (block attention).</summary>
public readonly record struct AttentionMask
{
    /// <summary>Causal, from position 0, nothing else.</summary>
    public AttentionMask()
    {
    }

    /// <summary>Whether a query sees only positions up to its own.</summary>
    public bool Causal { get; init; } = true;

    /// <summary>Position of query row 0.</summary>
    public long QueryPosition { get; init; }

    /// <summary>Positions between neighbouring query rows; above 1 in a striped layout.</summary>
    public long QueryStep { get; init; } = 1;

    /// <summary>Position of key 0.</summary>
    public long KeyPosition { get; init; }

    /// <summary>Positions between neighbouring keys.</summary>
    public long KeyStep { get; init; } = 1;

    /// <summary>A query sees only the last <c>Window</c> positions, its own included; 0 means all. Needs <see cref="Causal"/>.</summary>
    public long Window { get; init; }

    /// <summary>The first <c>Sink</c> positions of the sequence (of the document, where there are documents) stay visible outside the window.</summary>
    public long Sink { get; init; }

    /// <summary>Ascending positions at which packed documents start; empty, the default, for one document.</summary>
    /// <remarks>
    /// Not nullable on purpose: <c>condition ? array : null</c> converts through <c>long[]</c> and would be an empty list, not null, so that the two must mean the same.
    /// </remarks>
    public ReadOnlyMemory<long> DocumentStarts { get; init; }

    /// <summary>Pairs of blocks of positions that may see each other, or null for all.</summary>
    public BlockList? Blocks { get; init; }
}

/// <summary>A compressed list of visible (query block, key block) pairs.</summary>
/// <param name="BlockSize">Positions per block, above 0.</param>
/// <param name="RowOffsets">Where each query block's columns start in <paramref name="Columns"/>; one entry more than query blocks, so never empty.</param>
/// <param name="Columns">Visible key blocks, ascending within a query block; empty hides everything.</param>
public sealed record BlockList(long BlockSize, ReadOnlyMemory<long> RowOffsets, ReadOnlyMemory<long> Columns);

/// <summary>Mirror of <c>ar_attention_mask</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeAttentionMask
{
    internal int Causal;
    internal int Reserved;
    internal long QueryPosition;
    internal long QueryStep;
    internal long KeyPosition;
    internal long KeyStep;
    internal long Window;
    internal long Sink;
    internal long* DocumentStarts;
    internal long DocumentCount;
    internal long* BlockRowOffsets;
    internal long* BlockColumns;
    internal long BlockRowCount;
    internal long BlockSize;
}
