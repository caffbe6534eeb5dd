using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

// Shape letters: S tokens of a sequence, P shares, T tokens of one share.

/// <summary>Which tokens of a sequence each of P shares holds: its rows are its runs, one after the other.</summary>
/// <remarks>
/// Shares are ring ranks, or sequence ranks after <see cref="CutForHeads"/>. Any S of at least P works: nothing is padded, shares differ by a token. All runs
/// of a layout have the same step, empty runs are left out and runs that continue each other are one.
/// </remarks>
public sealed class TokenLayout
{
    private readonly ImmutableArray<ImmutableArray<TokenRun>> _runs;
    private readonly ImmutableArray<long> _counts;

    private TokenLayout(LayoutKind kind, long tokens, ImmutableArray<ImmutableArray<TokenRun>> runs)
    {
        Kind = kind;
        Tokens = tokens;
        _runs = runs;
        _counts = [.. runs.Select(share => share.Sum(run => run.Count))];
    }

    /// <summary>How tokens are dealt out.</summary>
    public LayoutKind Kind { get; }

    /// <summary>S.</summary>
    public long Tokens { get; }

    /// <summary>P.</summary>
    public int Shares => _runs.Length;

    /// <summary>Rows of the largest share: what a buffer for any share must hold.</summary>
    public long LargestCount => _counts.Max();

    /// <summary>A layout in which every share has the same speed.</summary>
    /// <param name="kind">How tokens are dealt out.</param>
    /// <param name="tokens">S, at least P.</param>
    /// <param name="shares">P, at least 1.</param>
    /// <exception cref="PlanException">There are fewer tokens than shares, or no shares.</exception>
    public static TokenLayout Create(LayoutKind kind, long tokens, int shares) => Create(kind, tokens, [.. Enumerable.Repeat(1, Math.Max(shares, 0))]);

    /// <summary>A layout in which shares are proportional to speeds.</summary>
    /// <param name="kind">How tokens are dealt out. <see cref="LayoutKind.Zigzag"/> makes tokens and causal work proportional,
    /// <see cref="LayoutKind.Contiguous"/> tokens only, <see cref="LayoutKind.Stripe"/> takes equal speeds only.</param>
    /// <param name="tokens">S.</param>
    /// <param name="speeds">Relative speed of each share, at least 1; their sum at most 2^20.</param>
    /// <exception cref="PlanException">A share would get no token, or the layout cannot follow the speeds.</exception>
    public static TokenLayout Create(LayoutKind kind, long tokens, ImmutableArray<int> speeds)
    {
        LayoutRules.Check(kind, tokens, speeds);
        var cuts = Division.Cuts(tokens, speeds);
        return new(kind, tokens, [.. Enumerable.Range(0, speeds.Length).Select(share => Normalised(kind switch
        {
            LayoutKind.Contiguous => [new(cuts[share], 1, cuts[share + 1] - cuts[share])],
            LayoutKind.Stripe => [new(share, speeds.Length, Division.Ceiling(tokens - share, speeds.Length))],
            _ => ZigzagPair(tokens, cuts[share], cuts[share + 1]),
        }))]);
    }

    /// <summary>Runs of a share, in row order.</summary>
    public ImmutableArray<TokenRun> Runs(int share) => _runs[share];

    /// <summary>T of a share.</summary>
    public long Count(int share) => _counts[share];

    /// <summary>Position of a row of a share.</summary>
    public long PositionOf(int share, long row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        foreach (var run in _runs[share])
        {
            if (row < run.Count)
            {
                return run.At(row);
            }

            row -= run.Count;
        }

        throw new ArgumentOutOfRangeException(nameof(row), "beyond the rows of the share");
    }

    /// <summary>Cuts the rows of every share in <paramref name="degree"/> near-equal pieces: the layout of the ranks that share heads inside each ring
    /// rank.</summary>
    /// <param name="degree">Ulysses degree U, at least 1.</param>
    /// <returns>A layout of P x U shares; piece u of ring rank c is share c U + u.</returns>
    /// <remarks>
    /// The ring rank comes first and the piece second. The other way round each ring would get neighbouring tokens and zigzag would silently become contiguous
    /// (feifeibear/long-context-attention#53).
    /// </remarks>
    public TokenLayout CutForHeads(int degree) => new(
        Kind,
        Tokens,
        [.. from share in Enumerable.Range(0, Shares) from piece in Enumerable.Range(0, degree) select Within(_runs[share], PieceRows(share, piece, degree))]);

    /// <summary>Rows of a share that its piece <paramref name="piece"/> of <paramref name="degree"/> holds.</summary>
    public RowRange PieceRows(int share, int piece, int degree) =>
        RowRange.Between(Division.Cut(Count(share), piece, degree), Division.Cut(Count(share), piece + 1, degree));

    // Front and back chunk end where half of all tokens so far have been dealt out from the front: they are equal to a token, so that a row at the front and
    // its mirror image at the back together see S + 1 keys, whatever the sizes of the shares before.
    private static TokenRun[] ZigzagPair(long tokens, long before, long after)
    {
        long front = before / 2, frontEnd = after / 2, back = before - front, backEnd = after - frontEnd;
        return [new(front, 1, frontEnd - front), new(tokens - backEnd, 1, backEnd - back)];
    }

    private static ImmutableArray<TokenRun> Normalised(IReadOnlyList<TokenRun> runs)
    {
        var kept = new List<TokenRun>();
        foreach (var run in runs.Where(run => run.Count > 0))
        {
            if (kept.Count > 0 && kept[^1].Last + run.Step == run.Start)
            {
                kept[^1] = kept[^1] with { Count = kept[^1].Count + run.Count };
            }
            else
            {
                kept.Add(run);
            }
        }

        return [.. kept];
    }

    private static ImmutableArray<TokenRun> Within(ImmutableArray<TokenRun> runs, RowRange rows)
    {
        var pieces = new List<TokenRun>();
        var offset = 0L;
        foreach (var run in runs)
        {
            var part = RowRange.Between(Math.Max(rows.First, offset), Math.Min(rows.End, offset + run.Count));
            if (part.Count > 0)
            {
                pieces.Add(run.Slice(part.First - offset, part.Count));
            }

            offset += run.Count;
        }

        return [.. pieces];
    }
}
