using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

/// <summary>Rows of one block that are sent together.</summary>
/// <remarks>Slices ascend by sequence, then by row, and neither overlap nor touch. All sets of one schedule cut the batch in the same groups of
/// sequences.</remarks>
public sealed class RowSet
{
    private RowSet(ImmutableArray<RowSlice> slices)
    {
        Slices = slices;
        foreach (var slice in slices)
        {
            RowCount += slice.SequenceCount * slice.Count;
        }
    }

    /// <summary>No rows.</summary>
    public static RowSet Empty { get; } = new([]);

    /// <summary>The rows.</summary>
    public ImmutableArray<RowSlice> Slices { get; }

    /// <summary>Rows of all sequences together.</summary>
    public long RowCount { get; }

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => Slices.IsEmpty;

    /// <summary>A set of any slices that cut the batch in the same groups.</summary>
    public static RowSet Of(IEnumerable<RowSlice> slices) => Merged([.. slices]);

    /// <summary>Rows <paramref name="rows"/> of all <paramref name="batch"/> sequences.</summary>
    public static RowSet OfAll(int batch, RowRange rows) => rows.Count == 0 ? Empty : new([new(0, batch, rows.First, rows.Count)]);

    /// <summary>Rows of either set.</summary>
    public RowSet Union(RowSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.IsEmpty || ReferenceEquals(this, other))
        {
            return this;
        }

        // Most often one visitor of a block needs all that another does.
        if (IsEmpty || other.Holds(this))
        {
            return other;
        }

        return Holds(other) ? this : Merged([.. Slices, .. other.Slices]);
    }

    /// <summary>Whether a row of a sequence is among them.</summary>
    public bool Contains(int sequence, long row)
    {
        foreach (var slice in Slices)
        {
            if (sequence >= slice.FirstSequence && sequence < slice.FirstSequence + slice.SequenceCount && row >= slice.First && row < slice.End)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether both hold the same rows.</summary>
    public bool SameAs(RowSet other) => other is not null && Slices.AsSpan().SequenceEqual(other.Slices.AsSpan());

    /// <inheritdoc/>
    public override string ToString() =>
        string.Join(' ', Slices.Select(slice => Invariant.Text($"{slice.FirstSequence}+{slice.SequenceCount}:{slice.First}+{slice.Count}")));

    private bool Holds(RowSet other)
    {
        var at = 0;
        foreach (var slice in other.Slices)
        {
            while (at < Slices.Length && EndsBefore(Slices[at], slice))
            {
                at++;
            }

            if (at == Slices.Length || Slices[at].FirstSequence != slice.FirstSequence || Slices[at].First > slice.First)
            {
                return false;
            }
        }

        return true;
    }

    private static RowSet Merged(List<RowSlice> slices)
    {
        // Nearly sorted already: both parts are.
        for (var at = 1; at < slices.Count; at++)
        {
            var slice = slices[at];
            var before = at - 1;
            for (; before >= 0 && IsAfter(slices[before], slice); before--)
            {
                slices[before + 1] = slices[before];
            }

            slices[before + 1] = slice;
        }

        var merged = ImmutableArray.CreateBuilder<RowSlice>(slices.Count);
        foreach (var slice in slices)
        {
            if (slice.Count <= 0)
            {
                continue;
            }

            if (merged.Count > 0 && merged[^1].FirstSequence == slice.FirstSequence && merged[^1].End >= slice.First)
            {
                var last = merged[^1];
                merged[^1] = last with { Count = Math.Max(last.End, slice.End) - last.First };
            }
            else
            {
                merged.Add(slice);
            }
        }

        return merged.Count == 0 ? Empty : new(merged.ToImmutable());
    }

    private static bool EndsBefore(RowSlice one, RowSlice other) =>
        one.FirstSequence != other.FirstSequence ? one.FirstSequence < other.FirstSequence : one.End < other.End;

    private static bool IsAfter(RowSlice one, RowSlice other) =>
        one.FirstSequence != other.FirstSequence ? one.FirstSequence > other.FirstSequence : one.First > other.First;
}
