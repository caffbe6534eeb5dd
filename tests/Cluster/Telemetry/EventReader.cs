using System.Text;

namespace ActorRing.Cluster.Specs.Telemetry;

/// <summary>One record of an events file, read by code that shares nothing with the writer.</summary>
internal sealed record ReadEvent(double WallTime, long Step, string? FileVersion, IReadOnlyDictionary<string, float> Scalars, long? SessionStatus);

/// <summary>Reads events files from the description of their format: bitwise CRC-32C, general protobuf.</summary>
internal static class EventReader
{
    internal static List<ReadEvent> Read(byte[] file)
    {
        var events = new List<ReadEvent>();
        for (var at = 0; at < file.Length;)
        {
            var length = checked((int)BitConverter.ToUInt64(file, at));
            Require(file.AsSpan(at, 8), BitConverter.ToUInt32(file, at + 8));
            var data = file.AsSpan(at + 12, length);
            Require(data, BitConverter.ToUInt32(file, at + 12 + length));
            events.Add(ReadOne(data.ToArray()));
            at += 16 + length;
        }

        return events;
    }

    internal static uint SlowCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xffffffffu;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
            }
        }

        return crc ^ 0xffffffffu;
    }

    private static void Require(ReadOnlySpan<byte> bytes, uint masked)
    {
        var rotated = masked - 0xa282ead8u;
        var crc = (rotated << 15) | (rotated >> 17);
        if (crc != SlowCrc(bytes))
        {
            throw new FormatException("wrong checksum");
        }
    }

    private static ReadEvent ReadOne(byte[] data)
    {
        double wall = 0;
        long step = 0;
        string? version = null;
        long? status = null;
        var scalars = new SortedDictionary<string, float>(StringComparer.Ordinal);
        foreach (var (number, value) in Fields(data))
        {
            switch (number)
            {
                case 1: wall = BitConverter.ToDouble((byte[])value); break;
                case 2: step = (long)(ulong)value; break;
                case 3: version = Encoding.UTF8.GetString((byte[])value); break;
                case 5:
                    foreach (var (_, entry) in Fields((byte[])value))
                    {
                        var fields = Fields((byte[])entry).ToDictionary(field => field.Number, field => (byte[])field.Value);
                        scalars.Add(Encoding.UTF8.GetString(fields[1]), BitConverter.ToSingle(fields[2]));
                    }

                    break;
                case 7: status = (long)(ulong)Fields((byte[])value).Single(field => field.Number == 1).Value; break;
                default: throw new FormatException($"field {number}");
            }
        }

        return new ReadEvent(wall, step, version, scalars, status);
    }

    private static List<(int Number, object Value)> Fields(byte[] data)
    {
        var fields = new List<(int, object)>();
        var at = 0;
        while (at < data.Length)
        {
            var key = Varint(data, ref at);
            var size = (key & 7) switch { 0 => -1, 1 => 8, 2 => checked((int)Varint(data, ref at)), 5 => 4, var type => throw new FormatException($"type {type}") };
            fields.Add(((int)(key >> 3), size < 0 ? Varint(data, ref at) : data[at..(at + size)]));
            at += Math.Max(0, size);
        }

        return fields;
    }

    private static ulong Varint(byte[] data, ref int at)
    {
        var value = 0ul;
        for (var shift = 0; ; shift += 7)
        {
            var b = data[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }
    }
}
