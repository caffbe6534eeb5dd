using System.Buffers.Binary;
using System.Numerics;

namespace ActorRing.Cluster.Hosting.Store;

/// <summary>
/// Bytes of a record log, little-endian. File: magic (8), then records. Record: payload length (u32), CRC-32C (u32) of all else in the record,
/// sequence (u64, from 1, without gaps), kind (1 byte), payload.
/// </summary>
internal static class LogFormat
{
    internal const int HeaderBytes = 17;
    internal const int LargestPayload = 16 << 20;
    private const int CrcOffset = 4;
    private const int SequenceOffset = 8;
    private const int KindOffset = 16;

    internal static ReadOnlySpan<byte> Magic => "ARLOG\r\n\u0001"u8;

    internal enum Kind : byte
    {
        Term = 1,
        Entry = 2,
    }

    /// <summary>A record as found in a file.</summary>
    internal readonly record struct Found(Kind Kind, int PayloadOffset, int PayloadLength, int End);

    internal static byte[] Encode(ulong sequence, Kind kind, ReadOnlySpan<byte> payload)
    {
        var record = new byte[HeaderBytes + payload.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)payload.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(SequenceOffset), sequence);
        record[KindOffset] = (byte)kind;
        payload.CopyTo(record.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(CrcOffset), Sum(record));
        return record;
    }

    /// <summary>The record at <paramref name="offset"/> if it is whole, unharmed and has this sequence.</summary>
    internal static Found? Read(ReadOnlySpan<byte> file, int offset, ulong sequence) =>
        SequenceAt(file, offset) == sequence ? ReadAny(file, offset) : null;

    /// <summary>Offset of the first whole record at or after <paramref name="from"/> that could follow sequence <paramref name="last"/>, or -1.</summary>
    internal static int FindLater(ReadOnlySpan<byte> file, int from, ulong last)
    {
        for (var offset = from; offset <= file.Length - HeaderBytes; offset++)
        {
            // Records are at least a header long, which bounds the sequences that can be in the rest; only a match is worth a checksum.
            var sequence = SequenceAt(file, offset);
            if (sequence > last && sequence - last <= (ulong)(file.Length / HeaderBytes) + 1 && ReadAny(file, offset) is not null)
            {
                return offset;
            }
        }

        return -1;
    }

    private static ulong SequenceAt(ReadOnlySpan<byte> file, int offset) =>
        offset + HeaderBytes <= file.Length ? BinaryPrimitives.ReadUInt64LittleEndian(file[(offset + SequenceOffset)..]) : 0;

    private static Found? ReadAny(ReadOnlySpan<byte> file, int offset)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(file[offset..]);
        if (length > LargestPayload || length > file.Length - offset - HeaderBytes)
        {
            return null;
        }

        var record = file.Slice(offset, HeaderBytes + (int)length);
        var kind = (Kind)record[KindOffset];
        return BinaryPrimitives.ReadUInt32LittleEndian(record[CrcOffset..]) == Sum(record) && kind is (Kind.Term or Kind.Entry)
            ? new Found(kind, offset + HeaderBytes, (int)length, offset + record.Length)
            : null;
    }

    private static uint Sum(ReadOnlySpan<byte> record) => ~Crc32C(Crc32C(uint.MaxValue, record[..CrcOffset]), record[SequenceOffset..]);

    private static uint Crc32C(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return crc;
    }
}
