using System.IO.Compression;

namespace ActorRing.Compute.Data;

/// <summary>
/// Unpacks a gzip file and notices when it was cut short, which <see cref="GZipStream"/> takes for its end. One more gzip member with a known text is
/// read after the file: only behind whole members does that text come out.
/// </summary>
internal sealed class GzipReader : IDisposable
{
    private readonly GZipStream unpacked;
    private readonly byte[] buffer = new byte[1 << 16];
    private int start;
    private int filled;
    private bool isEnd;

    public GzipReader(Stream file)
    {
        unpacked = new GZipStream(new FollowedStream(file, Pack(Seal)), CompressionMode.Decompress);
    }

    private static ReadOnlySpan<byte> Seal => "the file was whole"u8;

    /// <returns>Bytes read, 0 only at the end.</returns>
    /// <exception cref="InvalidDataException">The file is not gzip, broken, or cut short.</exception>
    public int Read(Span<byte> destination)
    {
        if (!isEnd && filled - start <= Seal.Length) Refill();
        var ready = Math.Min(destination.Length, filled - start - (isEnd ? 0 : Seal.Length));
        buffer.AsSpan(start, ready).CopyTo(destination);
        start += ready;
        return ready;
    }

    public void Dispose() => unpacked.Dispose();

    private void Refill()
    {
        buffer.AsSpan(start, filled - start).CopyTo(buffer);
        filled -= start;
        start = 0;
        filled += unpacked.ReadAtLeast(buffer.AsSpan(filled), buffer.Length - filled, throwOnEndOfStream: false);
        if (filled == buffer.Length) return;
        isEnd = true;
        if (!buffer.AsSpan(0, filled).EndsWith(Seal)) throw new InvalidDataException("The gzip data was cut short.");
        filled -= Seal.Length;
    }

    private static byte[] Pack(ReadOnlySpan<byte> text)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(text);
        return packed.ToArray();
    }

    /// <summary>A stream and then some bytes, forward only.</summary>
    private sealed class FollowedStream(Stream first, byte[] second) : Stream
    {
        private readonly MemoryStream second = new(second);

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer) => first.Read(buffer) is > 0 and var read ? read : second.Read(buffer);

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) first.Dispose();
            base.Dispose(disposing);
        }
    }
}
