using System.Buffers;
using System.Buffers.Binary;
using System.Text;
namespace ActorRing.Cluster.Hosting.Engine.Wire;

/// <summary>Reads a body that may be hostile: nothing is allocated before its length is known to be there.</summary>
internal ref struct BodyReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = body;

    internal readonly ReadOnlySpan<byte> Rest => _rest;

    internal ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            throw new WireException($"body ends {count - _rest.Length} bytes early");
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    internal byte TakeByte() => Take(1)[0];

    internal ushort TakeUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    internal long TakeInt64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    internal string TakeText()
    {
        var bytes = Take(TakeUInt16());
        return Ascii(bytes);
    }

    internal MemberRef TakeMember()
    {
        var name = Ascii(Take(TakeByte()));
        return MemberRef.IsValidName(name) ? new MemberRef(name, TakeInt64()) : throw new WireException("not a member name");
    }

    internal readonly void RequireEnd()
    {
        if (_rest.Length != 0)
        {
            throw new WireException($"{_rest.Length} bytes too many");
        }
    }

    private static string Ascii(ReadOnlySpan<byte> bytes) =>
        bytes.ContainsAnyExceptInRange((byte)' ', (byte)'~') ? throw new WireException("text with control or foreign characters") : Encoding.ASCII.GetString(bytes);
}

/// <summary>Writes a small body.</summary>
internal sealed class BodyWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    internal ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    internal BodyWriter Bytes(ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    internal BodyWriter Byte(byte value) => Bytes([value]);

    internal BodyWriter UInt16(int value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.GetSpan(2), checked((ushort)value));
        _bytes.Advance(2);
        return this;
    }

    internal BodyWriter Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_bytes.GetSpan(8), value);
        _bytes.Advance(8);
        return this;
    }

    /// <summary>Text for people: printable ASCII, anything else becomes a question mark, at most 500 characters.</summary>
    internal BodyWriter Text(string text)
    {
        var safe = string.Concat(text.Take(500).Select(c => c is >= ' ' and <= '~' ? c : '?'));
        return UInt16(safe.Length).Bytes(Encoding.ASCII.GetBytes(safe));
    }

    internal BodyWriter Member(MemberRef member) => Byte((byte)member.Name.Length).Bytes(Encoding.ASCII.GetBytes(member.Name)).Int64(member.Incarnation);
}
