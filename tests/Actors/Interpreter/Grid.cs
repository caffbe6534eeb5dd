using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Interpreter;

/// <summary>Numbers <c>[B, heads, rows, width]</c> in float64. What nobody wrote is NaN, so that reading what never arrived shows.</summary>
internal sealed class Grid
{
    private readonly double[] _values;

    internal Grid(int batch, int heads, long rows, int width, double fill = double.NaN)
    {
        (Batch, Heads, Rows, Width) = (batch, heads, rows, width);
        _values = new double[batch * heads * rows * width];
        Array.Fill(_values, fill);
    }

    internal int Batch { get; }

    internal int Heads { get; }

    internal long Rows { get; }

    internal int Width { get; }

    internal Span<double> this[int b, int head, long row] => _values.AsSpan((int)((((((long)b * Heads) + head) * Rows) + row) * Width), Width);

    internal static Grid Random(Random random, int batch, int heads, long rows, int width)
    {
        var grid = new Grid(batch, heads, rows, width);
        for (var i = 0; i < grid._values.Length; i++)
        {
            grid._values[i] = (random.NextDouble() * 2) - 1;
        }

        return grid;
    }

    /// <summary>Numbers of some rows and heads in order.</summary>
    internal double[] Pack(RowSet rows, HeadSpan heads, long rowOffset = 0)
    {
        var packed = new List<double>();
        ForEach(rows, heads, (b, head, row) => packed.AddRange(this[b, head, row - rowOffset]));
        return [.. packed];
    }

    internal void Unpack(RowSet rows, HeadSpan heads, double[] packed, long rowOffset = 0) => Unpack(rows, heads, packed, rowOffset, (_, value) => value);

    internal void AddPacked(RowSet rows, HeadSpan heads, double[] packed, long rowOffset = 0) =>
        Unpack(rows, heads, packed, rowOffset, (old, value) => old + value);

    /// <summary>The largest absolute difference; NaN where either has one.</summary>
    internal double Difference(Grid other)
    {
        var largest = 0.0;
        for (var i = 0; i < _values.Length; i++)
        {
            var difference = Math.Abs(_values[i] - other._values[i]);
            largest = double.IsNaN(difference) || difference > largest ? difference : largest;
            if (double.IsNaN(largest))
            {
                return double.NaN;
            }
        }

        return largest;
    }

    private void Unpack(RowSet rows, HeadSpan heads, double[] packed, long rowOffset, Func<double, double, double> combine)
    {
        var at = 0;
        ForEach(rows, heads, (b, head, row) =>
        {
            foreach (ref var value in this[b, head, row - rowOffset])
            {
                value = combine(value, packed[at++]);
            }
        });
        Assert.Equal(packed.Length, at);
    }

    private static void ForEach(RowSet rows, HeadSpan heads, Action<int, int, long> visit)
    {
        foreach (var slice in rows.Slices)
        {
            for (var b = slice.FirstSequence; b < slice.FirstSequence + slice.SequenceCount; b++)
            {
                for (var head = heads.First; head < heads.End; head++)
                {
                    for (var row = slice.First; row < slice.End; row++)
                    {
                        visit(b, head, row);
                    }
                }
            }
        }
    }
}
