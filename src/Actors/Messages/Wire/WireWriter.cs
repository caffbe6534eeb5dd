using System.Collections.Immutable;
using System.Text;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Messages.Wire;

/// <summary>Writes fields one behind the other, little-endian, without names or padding. Reusable: <see cref="Clear"/> keeps the buffer.</summary>
internal sealed class WireWriter
{
    private byte[] _bytes = new byte[256];

    internal int Length { get; private set; }

    internal ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    internal void Clear() => Length = 0;

    internal void U8(byte value) => Room(1)[0] = value;

    internal void Flag(bool value) => U8(value ? (byte)1 : (byte)0);

    internal void U16(ushort value) => Number(value, 2);

    internal void I32(int value) => Number((uint)value, 4);

    internal void I64(long value) => Number((ulong)value, 8);

    internal void F64(double value) => I64(BitConverter.DoubleToInt64Bits(value));

    internal void Time(TimeSpan value) => I64(value.Ticks);

    internal void Digest(StateDigest value) => I64((long)value.Value);

    internal void Epoch(RingEpoch value)
    {
        I64(value.Term);
        I64(value.Number);
    }

    internal void Member(MemberId value)
    {
        String(value.Name);
        I64(value.Incarnation);
    }

    internal void String(string value)
    {
        var count = Encoding.UTF8.GetByteCount(value);
        Require(count <= WireLimits.StringBytes, "a string of more than 64 KiB");
        I32(count);
        Encoding.UTF8.GetBytes(value, Room(count));
    }

    internal void Blob(ImmutableArray<byte> value)
    {
        Require(value.Length <= WireLimits.BlobBytes, "more than 256 KiB of bytes");
        I32(value.Length);
        value.AsSpan().CopyTo(Room(value.Length));
    }

    internal void Count(int entries)
    {
        Require(entries <= WireLimits.Entries, "a list of more than 10,000 entries");
        I32(entries);
    }

    // What this side writes is its own affair: too much of it is a bug here, not a fault of the network.
    private static void Require(bool isAllowed, string what)
    {
        if (!isAllowed)
        {
            throw new ArgumentException("a message holds " + what);
        }
    }

    private void Number(ulong value, int bytes)
    {
        var room = Room(bytes);
        for (var at = 0; at < bytes; at++)
        {
            room[at] = (byte)(value >> (8 * at));
        }
    }

    private Span<byte> Room(int count)
    {
        if (Length + count > _bytes.Length)
        {
            var larger = new byte[Math.Max(2 * _bytes.Length, Length + count)];
            _bytes.AsSpan(0, Length).CopyTo(larger);
            _bytes = larger;
        }

        Length += count;
        return _bytes.AsSpan(Length - count, count);
    }
}
