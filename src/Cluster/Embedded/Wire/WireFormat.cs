using System.Buffers.Binary;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Engine.Wire;

namespace ActorRing.Cluster.Embedded.Wire;

/// <summary>
/// A frame on the wire, little-endian: length of what follows (u32), kind (u8), sequence of this direction of this connection (u64, from 0, without gaps), body.
/// </summary>
internal static class WireFormat
{
    internal const ushort Version = 2;
    internal const int LengthBytes = 4;
    internal const int HeadBytes = LengthBytes + 1 + 8;
    internal const int SequenceOffset = LengthBytes + 1;

    /// <summary>Largest body before a peer has proved who it is.</summary>
    internal const int HandshakeBody = 1024;

    /// <summary>Largest body: a frame and whom it is for. A view of the largest cluster fits in too.</summary>
    internal const int LargestBody = EngineLimits.FrameBytes + 128;

    internal static byte[] Empty(FrameKind kind) => Begin(kind, 0, out _);

    /// <summary>Starts a frame; the sequence is filled in by whoever writes it.</summary>
    internal static byte[] Begin(FrameKind kind, int bodyBytes, out Span<byte> body)
    {
        var bytes = new byte[HeadBytes + bodyBytes];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length - LengthBytes);
        bytes[LengthBytes] = (byte)kind;
        body = bytes.AsSpan(HeadBytes);
        return bytes;
    }

    internal static byte[] Of(FrameKind kind, BodyWriter body)
    {
        var bytes = Begin(kind, body.Written.Length, out var rest);
        body.Written.CopyTo(rest);
        return bytes;
    }

    /// <summary>A frame of the cluster, with the other member's name: the receiver's on the way to the seed, the sender's on the way from it.</summary>
    internal static byte[] Carry(MemberRef other, ReadOnlySpan<byte> frame)
    {
        var bytes = Begin(FrameKind.Frame, 1 + other.Name.Length + 8 + frame.Length, out var body);
        body[0] = (byte)other.Name.Length;
        System.Text.Encoding.ASCII.GetBytes(other.Name, body[1..]);
        BinaryPrimitives.WriteInt64LittleEndian(body[(1 + other.Name.Length)..], other.Incarnation);
        frame.CopyTo(body[(9 + other.Name.Length)..]);
        return bytes;
    }
}
