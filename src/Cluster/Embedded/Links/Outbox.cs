using System.Buffers.Binary;
using System.Threading.Channels;
using ActorRing.Cluster.Embedded.Wire;

namespace ActorRing.Cluster.Embedded.Links;

/// <summary>What waits to be written to one peer: bounded in bytes, written in the order it came, many small frames with one call.</summary>
internal sealed class Outbox(Stream stream, int largestBytes)
{
    private const int BatchBytes = 64 << 10;
    private const int FirstBatchBytes = 1 << 10;
    private const int FramesBeforeYield = 256;

    // The first writer to an idle peer writes to the socket itself: a hop costs one thread switch less. The socket never blocks it.
    private readonly Channel<byte[]> _frames = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = true });
    private int _waitingBytes;
    private ulong _sequence;

    /// <summary>Takes a frame over; false if it does not fit in. Never blocks.</summary>
    /// <param name="frame">Not to be touched again by the caller.</param>
    /// <param name="must">Whether it goes in regardless: the few frames of the engine itself.</param>
    internal bool TryAdd(byte[] frame, bool must = false)
    {
        if (Interlocked.Add(ref _waitingBytes, frame.Length) > largestBytes && !must)
        {
            Interlocked.Add(ref _waitingBytes, -frame.Length);
            return false;
        }

        return _frames.Writer.TryWrite(frame);
    }

    /// <summary>No more frames; <see cref="WriteAsync"/> ends after those that wait.</summary>
    internal void Complete() => _frames.Writer.TryComplete();

    /// <summary>Writes until <see cref="Complete"/> or an error.</summary>
    internal async Task WriteAsync(CancellationToken ct)
    {
        var batch = Array.Empty<byte>();
        var sinceYield = 0;
        while (await _frames.Reader.WaitToReadAsync(ct).ConfigureAwait(false))
        {
            // Until a peer has proved who it is, it is told less than this. A stranger costs no more.
            if (batch.Length < BatchBytes && Volatile.Read(ref _waitingBytes) > batch.Length)
            {
                batch = new byte[batch.Length == 0 && _waitingBytes <= FirstBatchBytes ? FirstBatchBytes : BatchBytes];
            }

            var filled = 0;
            while (_frames.Reader.TryPeek(out var frame) && filled + frame.Length <= batch.Length && _frames.Reader.TryRead(out _))
            {
                Number(frame).CopyTo(batch, filled);
                filled += frame.Length;
                sinceYield++;
            }

            if (filled > 0)
            {
                await stream.WriteAsync(batch.AsMemory(0, filled), ct).ConfigureAwait(false);
                Interlocked.Add(ref _waitingBytes, -filled);
            }
            else if (_frames.Reader.TryRead(out var large))
            {
                await stream.WriteAsync(Number(large), ct).ConfigureAwait(false);
                Interlocked.Add(ref _waitingBytes, -large.Length);
                sinceYield += FramesBeforeYield;
            }

            if (sinceYield >= FramesBeforeYield)
            {
                // Whoever lent us the thread by adding the first frame has other things to do.
                sinceYield = 0;
                await Task.Yield();
            }
        }
    }

    private byte[] Number(byte[] frame)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(WireFormat.SequenceOffset), _sequence++);
        return frame;
    }
}
