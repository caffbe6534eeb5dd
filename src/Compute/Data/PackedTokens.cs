using System.IO.MemoryMappedFiles;
using ActorRing.Compute.Checkpoints;

namespace ActorRing.Compute.Data;

/// <summary>A packed token file, memory-mapped: opening reads the header and the boundaries, tokens come from the page cache when asked for.</summary>
/// <remarks>
/// The file must not shrink while it is open: the system ends a process that reads a mapping past the end of its file. Files are replaced by rename,
/// which leaves an open one as it was. Safe for several threads until disposed.
/// </remarks>
public sealed unsafe class PackedTokens : IDisposable
{
    private readonly PackedTokensHeader header;
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly byte* start;
    private bool isDisposed;

    private PackedTokens(string path, PackedTokensHeader header, MemoryMappedFile file)
    {
        Path = path;
        this.header = header;
        this.file = file;
        view = file.CreateViewAccessor(0, header.FileBytes, MemoryMappedFileAccess.Read);
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        start += view.PointerOffset;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Tokens of all documents.</summary>
    public long TokenCount => header.TokenCount;

    /// <summary>Documents, empty ones counted.</summary>
    public long DocumentCount => header.DocumentCount;

    /// <summary>One more than the largest id, as the writer found it; 0 without tokens.</summary>
    public int IdBound => header.IdBound;

    private long* Offsets => (long*)(start + header.OffsetsPosition);

    /// <summary>Opens a file and checks its header, its length and its boundaries. Cost: 8 bytes read a document.</summary>
    /// <exception cref="InvalidDataException">The file is truncated, longer than it says, or inconsistent.</exception>
    public static PackedTokens Open(string path)
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("Packed token files are read on little-endian machines only.");
        // Without the lock that .NET's own open would want: another rank that has just written it may hold its own for a moment after the file got its name.
        using var stream = new FileStream(Libc.OpenRead(path), FileAccess.Read, bufferSize: 0);
        Span<byte> bytes = stackalloc byte[PackedTokensHeader.Bytes];
        var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        var header = PackedTokensHeader.Read(path, bytes[..read], stream.Length);
        var file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        var tokens = new PackedTokens(path, header, file);
        if (tokens.FindBadBoundary() is >= 0 and var bad)
        {
            tokens.Dispose();
            throw new InvalidDataException($"{path}: document {bad} has no place between its neighbours; allowed: boundaries that rise from 0 to "
                + $"{header.TokenCount}");
        }

        return tokens;
    }

    /// <summary>Copies ids.</summary>
    /// <param name="position">First token, from 0.</param>
    /// <param name="ids">Filled whole.</param>
    /// <returns>The largest id among them, which may be more than <see cref="IdBound"/> if somebody forged the file; 0 for none.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Some of the tokens are not in the file.</exception>
    public uint Read(long position, Span<int> ids)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, TokenCount - ids.Length);
        var largest = 0u;
        if (header.IdBytes == 2)
        {
            var source = new ReadOnlySpan<ushort>(start + PackedTokensHeader.Bytes + (position * 2), ids.Length);
            for (var i = 0; i < source.Length; i++)
            {
                ids[i] = source[i];
                largest = Math.Max(largest, source[i]);
            }
        }
        else
        {
            var source = new ReadOnlySpan<uint>(start + PackedTokensHeader.Bytes + (position * 4), ids.Length);
            for (var i = 0; i < source.Length; i++)
            {
                ids[i] = (int)source[i];
                largest = Math.Max(largest, source[i]);
            }
        }

        return largest;
    }

    /// <summary>Puts <see cref="PackedRows.Ignored"/> where a token is not to be learnt.</summary>
    /// <param name="position">First token, from 0.</param>
    /// <param name="labels">A label for each token from there on; others stay as they are.</param>
    /// <exception cref="ArgumentOutOfRangeException">Some of the tokens are not in the file.</exception>
    public void Ignore(long position, Span<int> labels)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, TokenCount - labels.Length);
        if (!header.HasLabelBits) return;
        var bits = start + header.LabelBitsPosition;
        for (var i = 0; i < labels.Length; i++)
        {
            var token = position + i;
            if ((bits[token >> 3] >> (int)(token & 7) & 1) == 0) labels[i] = PackedRows.Ignored;
        }
    }

    /// <summary>First token of a document; for <see cref="DocumentCount"/> the number of tokens.</summary>
    /// <param name="document">From 0 to <see cref="DocumentCount"/>.</param>
    public long DocumentStart(long document)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)document, (ulong)DocumentCount, nameof(document));
        return Offsets[document];
    }

    /// <summary>The first document that starts after a token; <see cref="DocumentCount"/> if none does. Cost: a binary search.</summary>
    /// <param name="position">A token.</param>
    public long FirstDocumentAfter(long position)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        var (low, high) = (0L, DocumentCount);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (Offsets[middle] > position) high = middle;
            else low = middle + 1;
        }

        return low;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (isDisposed) return;
        isDisposed = true;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        file.Dispose();
    }

    private long FindBadBoundary()
    {
        for (var document = 0L; document < DocumentCount; document++)
        {
            if (Offsets[document] > Offsets[document + 1]) return document;
        }

        if (Offsets[0] != 0) return 0;
        return Offsets[DocumentCount] == TokenCount ? -1 : Math.Max(0, DocumentCount - 1);
    }
}
