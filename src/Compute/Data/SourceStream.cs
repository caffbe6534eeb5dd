using System.IO.Compression;
using System.Text;

namespace ActorRing.Compute.Data;

/// <summary>Bytes of a data file, unpacked if its name ends in <c>.gz</c>, with errors that name the file.</summary>
internal sealed class SourceStream : IDisposable
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string path;
    private readonly Stream stream;

    public SourceStream(string path)
    {
        this.path = path;
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
        stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    /// <summary>Fills the buffer as far as the file goes.</summary>
    /// <returns>Bytes read; fewer than asked for only at the end.</returns>
    public int Fill(Span<byte> buffer)
    {
        try
        {
            return stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: broken gzip data; allowed: a whole gzip file", e);
        }
    }

    /// <summary>Bytes to text.</summary>
    /// <param name="bytes">A run of whole characters.</param>
    /// <param name="offset">Where the run starts in the unpacked file.</param>
    /// <exception cref="InvalidDataException">Not UTF-8. Nothing is replaced: a model would learn the replacement.</exception>
    public string Decode(ReadOnlySpan<byte> bytes, long offset)
    {
        if (offset == 0 && bytes.StartsWith("\uFEFF"u8)) return Decode(bytes[3..], 3);
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"{path}: byte {offset + e.Index} is not UTF-8; allowed: UTF-8 text", e);
        }
    }

    public void Dispose() => stream.Dispose();
}
