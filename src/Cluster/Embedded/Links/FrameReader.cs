using System.Buffers.Binary;
using ActorRing.Cluster.Embedded.Wire;
using ActorRing.Cluster.Hosting.Engine.Wire;

namespace ActorRing.Cluster.Embedded.Links;

/// <summary>One frame as it came in; valid until the next read.</summary>
internal readonly record struct IncomingFrame(FrameKind Kind, ReadOnlyMemory<byte> Body);

/// <summary>Cuts a stream into frames. A length is checked before a byte is allocated for it, a sequence before a frame is believed.</summary>
internal sealed class FrameReader(Stream stream)
{
    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;
    private ulong _sequence;

    /// <summary>Largest body that is accepted; small until the peer has proved who it is.</summary>
    internal int LargestBody { get; set; } = WireFormat.HandshakeBody;

    /// <summary>The next frame, or null at a clean end of the stream.</summary>
    /// <exception cref="WireException">The peer broke the rules.</exception>
    /// <exception cref="IOException">The stream ended within a frame, or with an error.</exception>
    internal async ValueTask<IncomingFrame?> ReadAsync(CancellationToken ct)
    {
        if (!await FillAsync(WireFormat.HeadBytes, ct).ConfigureAwait(false))
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(_buffer.AsSpan(_start));
        if (length < WireFormat.HeadBytes - WireFormat.LengthBytes || length > (uint)(LargestBody + WireFormat.HeadBytes - WireFormat.LengthBytes))
        {
            throw new WireException($"frame of {length} bytes");
        }

        if (BinaryPrimitives.ReadUInt64LittleEndian(_buffer.AsSpan(_start + WireFormat.SequenceOffset)) != _sequence)
        {
            throw new WireException($"frame out of sequence; {_sequence} was due");
        }

        var total = (int)length + WireFormat.LengthBytes;
        if (!await FillAsync(total, ct).ConfigureAwait(false))
        {
            throw new EndOfStreamException();
        }

        var frame = new IncomingFrame((FrameKind)_buffer[_start + WireFormat.LengthBytes], _buffer.AsMemory(_start + WireFormat.HeadBytes, total - WireFormat.HeadBytes));
        _start += total;
        _sequence++;
        return frame;
    }

    private async ValueTask<bool> FillAsync(int count, CancellationToken ct)
    {
        if (_end - _start < count)
        {
            MakeRoom(count);
        }

        while (_end - _start < count)
        {
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), ct).ConfigureAwait(false);
            if (read == 0)
            {
                return _end == _start ? false : throw new EndOfStreamException();
            }

            _end += read;
        }

        return true;
    }

    private void MakeRoom(int count)
    {
        var target = count > _buffer.Length ? new byte[Math.Max(count, Math.Min(_buffer.Length * 2, 65536))] : _buffer;
        Buffer.BlockCopy(_buffer, _start, target, 0, _end - _start);
        _end -= _start;
        _start = 0;
        _buffer = target;
    }
}
