using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>Rows of one block, packed for the wire: field after field, slice after slice.</summary>
/// <remarks>
/// A slice of heads lies as <c>[sequences, heads, rows, H]</c>, each head's rows side by side as kernels like them; a slice of a statistic as
/// <c>[sequences, rows, heads]</c>. Sender and receiver know rows and fields from the schedule, so nothing else is in the message.
/// </remarks>
internal sealed class RowMessage
{
    private readonly DeviceBuffer _buffer;
    private readonly Field[] _fields;

    internal RowMessage(DeviceBuffer buffer, RowSet rows, params Field[] fields)
        : this(buffer, null, rows, fields)
    {
    }

    /// <summary>A message that another rank lends: to be read only.</summary>
    internal RowMessage(DeviceBuffer buffer, Loan? loan, RowSet rows, Field[] fields)
    {
        Loan = loan;
        _buffer = buffer;
        _fields = fields;
        Rows = rows;
    }

    /// <summary>How many still read or send it; at 0 its buffer may be taken by the next message. Kept by <see cref="Staging"/>.</summary>
    internal int Holders { get; set; } = 1;

    /// <summary>What ends when nobody here reads it any more; null where the buffer is this rank's own.</summary>
    internal Loan? Loan { get; }

    /// <summary>The rows, by their numbers in the block.</summary>
    internal RowSet Rows { get; }

    /// <summary>Where it lies, to be given back.</summary>
    internal DeviceBuffer Buffer => _buffer;

    /// <summary>Bytes of the message.</summary>
    internal long ByteCount => BytesOf(Rows, _fields);

    /// <summary>All of it as the wire sees it.</summary>
    internal Tensor Bytes => Tensor.Of(_buffer, 0, ElementType.BFloat16, ByteCount / ElementType.BFloat16.ByteCount());

    internal static long BytesOf(RowSet rows, ReadOnlySpan<Field> fields)
    {
        var rowBytes = 0L;
        foreach (var field in fields)
        {
            rowBytes += field.RowBytes;
        }

        return rows.RowCount * rowBytes;
    }

    /// <summary>Fields of each row.</summary>
    internal int FieldCount => _fields.Length;

    /// <summary>Whether all heads are of a type; statistics always are float32.</summary>
    internal bool IsOf(ElementType type) => Array.TrueForAll(_fields, field => field.HeadSize == 0 || field.Type == type);

    /// <summary>The fields with heads of another type.</summary>
    internal Field[] FieldsAs(ElementType type) => Array.ConvertAll(_fields, field => field.HeadSize == 0 ? field : field with { Type = type });

    /// <summary>One field as a flat row of numbers.</summary>
    internal Tensor Flat(int field) => Tensor.Of(_buffer, FieldOffset(field), _fields[field].Type, Rows.RowCount * _fields[field].RowBytes / _fields[field].Type.ByteCount());

    /// <summary>Some rows of a field: <c>[sequences, rows, heads, H]</c>, or <c>[sequences, rows, heads]</c> of a statistic. They lie inside one slice.</summary>
    internal Tensor View(int field, RowSlice rows)
    {
        var what = _fields[field];
        var offset = FieldOffset(field);
        foreach (var slice in Rows.Slices)
        {
            if (Holds(slice, rows))
            {
                return Slice(what, offset, slice).Slice(0, rows.FirstSequence - slice.FirstSequence, rows.SequenceCount).Slice(1, rows.First - slice.First, rows.Count);
            }

            offset += slice.SequenceCount * slice.Count * what.RowBytes;
        }

        throw new InvalidOperationException($"rows {rows.First} to {rows.End} of sequence {rows.FirstSequence} are not in the message [{Rows}]: the schedule does not carry what it attends");
    }

    private static bool Holds(RowSlice slice, RowSlice rows) =>
        rows.FirstSequence >= slice.FirstSequence && rows.FirstSequence + rows.SequenceCount <= slice.FirstSequence + slice.SequenceCount
        && rows.First >= slice.First && rows.End <= slice.End;

    private Tensor Slice(Field what, long offset, RowSlice slice) => what.HeadSize == 0
        ? Tensor.Of(_buffer, offset, what.Type, slice.SequenceCount, slice.Count, what.Heads)
        : Tensor.Of(_buffer, offset, what.Type, slice.SequenceCount, what.Heads, slice.Count, what.HeadSize).Swap(1, 2);

    private long FieldOffset(int field)
    {
        var offset = 0L;
        for (var before = 0; before < field; before++)
        {
            offset += Rows.RowCount * _fields[before].RowBytes;
        }

        return offset;
    }
}
