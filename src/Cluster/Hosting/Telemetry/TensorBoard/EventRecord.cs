using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace ActorRing.Cluster.Hosting.Telemetry.TensorBoard;

/// <summary>
/// Records of a TensorBoard events file. Frame: length (u64), its masked CRC-32C (u32), data, the data's masked CRC-32C (u32), all little-endian. Data: protobuf
/// <c>Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog session_log = 7; }</c>, <c>Summary { repeated Value
/// value = 1; }</c>, <c>Value { string tag = 1; float simple_value = 2; }</c>, <c>SessionLog { SessionStatus status = 1; }</c> with START = 1.
/// </summary>
internal static class EventRecord
{
    private const int Fixed64 = 1;
    private const int Varint = 0;
    private const int Bytes = 2;
    private const int Fixed32 = 5;
    private const int SessionStart = 1;

    /// <summary>The first of a file.</summary>
    internal static byte[] FileVersion(DateTimeOffset time)
    {
        var data = Event(time, 0);
        Field(data, 3, "brain.Event:2"u8);
        return Frame(data.WrittenSpan);
    }

    /// <summary>Training goes on from here: readers forget what they have of <paramref name="step"/> and later ones.</summary>
    internal static byte[] Start(DateTimeOffset time, long step)
    {
        var data = Event(time, step);
        Field(data, 7, [(1 << 3) | Varint, SessionStart]);
        return Frame(data.WrittenSpan);
    }

    /// <summary>Numbers of one step.</summary>
    internal static byte[] Scalars(DateTimeOffset time, long step, IEnumerable<(string Tag, double Value)> scalars)
    {
        var summary = new ArrayBufferWriter<byte>();
        foreach (var (tag, value) in scalars)
        {
            var entry = new ArrayBufferWriter<byte>();
            Field(entry, 1, Encoding.UTF8.GetBytes(tag));
            Key(entry, 2, Fixed32);
            BinaryPrimitives.WriteSingleLittleEndian(entry.GetSpan(sizeof(float)), (float)value);
            entry.Advance(sizeof(float));
            Field(summary, 1, entry.WrittenSpan);
        }

        var data = Event(time, step);
        Field(data, 5, summary.WrittenSpan);
        return Frame(data.WrittenSpan);
    }

    internal static byte[] Frame(ReadOnlySpan<byte> data)
    {
        var frame = new byte[sizeof(ulong) + sizeof(uint) + data.Length + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(frame, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(sizeof(ulong)), Crc32C.Masked(frame.AsSpan(0, sizeof(ulong))));
        data.CopyTo(frame.AsSpan(sizeof(ulong) + sizeof(uint)));
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(frame.Length - sizeof(uint)), Crc32C.Masked(data));
        return frame;
    }

    private static ArrayBufferWriter<byte> Event(DateTimeOffset time, long step)
    {
        var data = new ArrayBufferWriter<byte>();
        Key(data, 1, Fixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(data.GetSpan(sizeof(double)), time.ToUnixTimeMilliseconds() / 1000.0);
        data.Advance(sizeof(double));
        Key(data, 2, Varint);
        WriteVarint(data, (ulong)step);
        return data;
    }

    private static void Field(ArrayBufferWriter<byte> to, int number, ReadOnlySpan<byte> content)
    {
        Key(to, number, Bytes);
        WriteVarint(to, (ulong)content.Length);
        to.Write(content);
    }

    private static void Key(ArrayBufferWriter<byte> to, int number, int type) => WriteVarint(to, (ulong)((number << 3) | type));

    private static void WriteVarint(ArrayBufferWriter<byte> to, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            to.Write([(byte)(value | 0x80)]);
        }

        to.Write([(byte)value]);
    }
}
