using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ActorRing.Compute.Checkpoints;

namespace ActorRing.Compute.Data;

/// <summary>Writes token ids and document boundaries to one file. The file appears under its name, whole, in <see cref="Commit"/> or never.</summary>
/// <remarks>Memory: 8 bytes a document, a buffer of fixed size, and a bit a token once one is not to be learnt. Not safe for several threads.</remarks>
public sealed class PackedTokensWriter : IDisposable
{
    private readonly string path;
    private readonly string partialPath;
    private readonly FileStream stream;
    private readonly List<long> offsets = [0];
    private readonly List<byte> labelBits = []; // empty as long as all tokens are labels; as many as the tokens need afterwards
    private readonly byte[] buffer = new byte[1 << 16];
    private readonly int idBytes;
    private int buffered;
    private long tokenCount;
    private int idBound;
    private bool isDone;

    /// <summary>Starts a file beside <paramref name="path"/>.</summary>
    /// <param name="path">Where the whole file is to appear; a file that is there is replaced.</param>
    /// <param name="idLimit">Every id lies below it; up to 65536, ids take 2 bytes, otherwise 4.</param>
    public PackedTokensWriter(string path, int idLimit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(idLimit);
        this.path = path;
        idBytes = idLimit <= 1 << 16 ? 2 : 4;
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder) Directory.CreateDirectory(folder);

        // A name of its own for each writer: two that build the same cache at once do not meet before the rename.
        TemporaryName.DeleteDead(Path.GetFullPath(path));
        partialPath = TemporaryName.For(Path.GetFullPath(path));
        stream = new FileStream(partialPath, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        stream.Position = PackedTokensHeader.Bytes;
    }

    /// <summary>Tokens so far.</summary>
    public long TokenCount => tokenCount;

    /// <summary>Documents that have ended.</summary>
    public long DocumentCount => offsets.Count - 1;

    /// <summary>Adds tokens, each of which is to be learnt, to the document that is open.</summary>
    /// <param name="ids">Each from 0 and below the limit that the writer was made with.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id does not fit; nothing of <paramref name="ids"/> was added.</exception>
    public void Append(ReadOnlySpan<int> ids) => Append(ids, []);

    /// <summary>Adds tokens to the document that is open.</summary>
    /// <param name="ids">Each from 0 and below the limit that the writer was made with.</param>
    /// <param name="isLabel">Of each token, whether it is to be learnt, as only the answers of a question are; empty for all.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id does not fit; nothing of <paramref name="ids"/> was added.</exception>
    public void Append(ReadOnlySpan<int> ids, ReadOnlySpan<bool> isLabel)
    {
        if (isLabel.Length > 0) ArgumentOutOfRangeException.ThrowIfNotEqual(isLabel.Length, ids.Length, nameof(isLabel));
        foreach (var id in ids) ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)id, idBytes == 2 ? ushort.MaxValue : (uint)int.MaxValue - 1, nameof(ids));
        foreach (var id in ids)
        {
            if (buffered == buffer.Length) FlushBuffer();
            if (idBytes == 2) BinaryPrimitives.WriteUInt16LittleEndian(buffer.AsSpan(buffered), (ushort)id);
            else BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(buffered), id);
            buffered += idBytes;
            idBound = Math.Max(idBound, id + 1);
        }

        MarkLabels(ids.Length, isLabel);
        tokenCount += ids.Length;
    }

    /// <summary>Ends the open document, which may be empty; the next token starts another.</summary>
    public void EndDocument() => offsets.Add(tokenCount);

    /// <summary>Writes boundaries and header to disk and gives the file its name.</summary>
    /// <exception cref="InvalidOperationException">The last document was not ended.</exception>
    public void Commit()
    {
        if (offsets[^1] != tokenCount) throw new InvalidOperationException("The last document was not ended.");
        var header = new PackedTokensHeader(idBytes, tokenCount, DocumentCount, idBound, labelBits.Count > 0);
        FlushBuffer();
        stream.Write(new byte[header.OffsetsPosition - stream.Position]);
        WriteOffsets();
        stream.Write(CollectionsMarshal.AsSpan(labelBits));
        Span<byte> bytes = stackalloc byte[PackedTokensHeader.Bytes];
        header.Write(bytes);
        stream.Position = 0;
        stream.Write(bytes);
        Libc.Fsync(stream.SafeFileHandle, partialPath);
        Libc.Rename(partialPath, path);
        isDone = true;
        stream.Dispose();
    }

    /// <summary>Removes what was written if it was not committed.</summary>
    public void Dispose()
    {
        stream.Dispose();
        if (!isDone) File.Delete(partialPath);
        isDone = true;
    }

    private void MarkLabels(int count, ReadOnlySpan<bool> isLabel)
    {
        if (labelBits.Count == 0 && !isLabel.Contains(false)) return;
        var known = labelBits.Count > 0 ? tokenCount : 0;
        for (var token = known; token < tokenCount + count; token++)
        {
            if (token % 8 == 0) labelBits.Add(0);
            if (token < tokenCount || isLabel.IsEmpty || isLabel[(int)(token - tokenCount)]) labelBits[^1] |= (byte)(1 << (int)(token % 8));
        }
    }

    private void WriteOffsets()
    {
        foreach (var offset in CollectionsMarshal.AsSpan(offsets))
        {
            if (buffered == buffer.Length) FlushBuffer();
            BinaryPrimitives.WriteInt64LittleEndian(buffer.AsSpan(buffered), offset);
            buffered += sizeof(long);
        }

        FlushBuffer();
    }

    private void FlushBuffer()
    {
        stream.Write(buffer, 0, buffered);
        buffered = 0;
    }
}
