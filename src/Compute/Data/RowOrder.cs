namespace ActorRing.Compute.Data;

/// <summary>Which row is trained on when: a pure function of seed, step and place in the step, so that a step number is the whole data cursor.</summary>
/// <remarks>
/// Rows are used up pass by pass, and each pass has its own shuffled order: within it every row comes exactly once. Cost: a few dozen operations a
/// look-up, no memory.
/// </remarks>
public sealed class RowOrder
{
    private readonly PackedRows rows;
    private readonly long seed;
    private readonly int rowsPerStep;

    /// <summary>An order.</summary>
    /// <param name="rows">The rows; only their numbers are used.</param>
    /// <param name="seed">Any number; two seeds give two orders.</param>
    /// <param name="rowsPerStep">Rows of one optimiser update, over all its micro-batches and ranks.</param>
    public RowOrder(PackedRows rows, long seed, int rowsPerStep)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowsPerStep);
        this.rows = rows;
        this.seed = seed;
        this.rowsPerStep = rowsPerStep;
    }

    /// <summary>The row at a place.</summary>
    /// <param name="step">Optimiser update, from 0.</param>
    /// <param name="index">Place in the step, from 0, below the rows of a step.</param>
    /// <returns>A row for <see cref="PackedRows.Fill"/>.</returns>
    public long RowAt(long step, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)rowsPerStep, nameof(index));
        var place = checked((step * rowsPerStep) + index);
        var pass = rows.PassOf(place);
        var first = rows.FirstRowOf(pass);
        var key = KeyedPermutation.Mix(KeyedPermutation.Mix((ulong)seed) + (ulong)pass);
        return first + KeyedPermutation.Map(key, rows.FirstRowOf(pass + 1) - first, place - first);
    }
}
