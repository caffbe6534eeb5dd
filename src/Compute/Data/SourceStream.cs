using System.Text;

namespace ActorRing.Compute.Data;

/// <summary>Bytes of a data file, unpacked if its name ends in <c>.gz</c>, with errors that name the file.</summary>
internal sealed class SourceStream : IDisposable
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string path;
    private readonly FileStream file;
    private readonly GzipReader? gzip;

    public SourceStream(string path)
    {
        this.path = path;
        file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
        gzip = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GzipReader(file) : null;
        if (gzip is null || file.Length > 0) return;
        Dispose();
        throw Broken(path, null);
    }

    /// <summary>Fills the buffer as far as the file goes.</summary>
    /// <returns>Bytes read; fewer than asked for only at the end.</returns>
    public int Fill(Span<byte> buffer)
    {
        try
        {
            var filled = 0;
            while (filled < buffer.Length && (gzip?.Read(buffer[filled..]) ?? file.Read(buffer[filled..])) is > 0 and var read) filled += read;
            return filled;
        }
        catch (InvalidDataException e)
        {
            throw Broken(path, e);
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

    public void Dispose()
    {
        gzip?.Dispose();
        file.Dispose();
    }

    private static InvalidDataException Broken(string path, Exception? inner) => new($"{path}: broken gzip data; allowed: a whole gzip file", inner);
}
