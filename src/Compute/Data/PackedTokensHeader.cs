using System.Buffers.Binary;

namespace ActorRing.Compute.Data;

/// <summary>The first 64 bytes of a packed token file.</summary>
/// <remarks>
/// All numbers little-endian: 0 magic <c>ARTOKENS</c> · 8 u32 version 1 · 12 u32 bytes of one id, 2 or 4 · 16 u64 tokens · 24 u64 documents ·
/// 32 u64 id bound, one more than the largest id (0 without tokens) · 40 u64 flags, bit 0: some tokens are no labels · 48 zeros. Then the ids, zeros up to
/// a multiple of 8, and documents + 1 u64 token offsets: where each document starts, and the number of tokens. With bit 0 a bit a token follows, lowest
/// first, 1 where the token may be a label, zeros up to a byte. Nothing else.
/// </remarks>
internal readonly record struct PackedTokensHeader(int IdBytes, long TokenCount, long DocumentCount, int IdBound, bool HasLabelBits)
{
    public const int Bytes = 64;
    private const uint Version = 1;
    private const ulong LabelBits = 1;

    private static ReadOnlySpan<byte> Magic => "ARTOKENS"u8;

    public long OffsetsPosition => (Bytes + (TokenCount * IdBytes) + 7) & ~7L;

    public long LabelBitsPosition => OffsetsPosition + ((DocumentCount + 1) * sizeof(long));

    public long FileBytes => LabelBitsPosition + (HasLabelBits ? (TokenCount + 7) / 8 : 0);

    public void Write(Span<byte> header)
    {
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], IdBytes);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], TokenCount);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], DocumentCount);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], IdBound);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], HasLabelBits ? LabelBits : 0);
    }

    /// <exception cref="InvalidDataException">Anything but what <see cref="Write"/> writes, for a file of this length.</exception>
    public static PackedTokensHeader Read(string path, ReadOnlySpan<byte> header, long fileBytes)
    {
        InvalidDataException Refuse(string what, string allowed) => new($"{path}: {what}; allowed: {allowed}");
        if (header.Length < Bytes || !header.StartsWith(Magic))
            throw Refuse("not a packed token file", "a file that starts with ARTOKENS and a header of 64 bytes");
        var version = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        if (version != Version) throw Refuse($"version {version}", $"version {Version}");
        var idBytes = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
        if (idBytes is not (2 or 4)) throw Refuse($"ids of {idBytes} bytes", "2 or 4");
        var tokens = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
        var documents = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
        var bound = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        if (bound > int.MaxValue || bound > 1UL << (8 * (int)idBytes) || (bound == 0) != (tokens == 0))
            throw Refuse($"id bound {bound}", "one more than the largest id");
        var flags = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
        if (flags > LabelBits || header[48..Bytes].ContainsAnyExcept((byte)0)) throw Refuse("a header with unknown fields", "0 or 1 at byte 40 and zeros from byte 41 to 63");

        // Compared by division first, so that no product of two numbers from the file can overflow.
        if (tokens > (ulong)fileBytes / idBytes || documents > (ulong)fileBytes / sizeof(long))
            throw Refuse($"{tokens} tokens and {documents} documents in {fileBytes} bytes", "a whole file");
        var read = new PackedTokensHeader((int)idBytes, (long)tokens, (long)documents, (int)bound, flags == LabelBits);
        if (read.FileBytes != fileBytes) throw Refuse($"{fileBytes} bytes", $"{read.FileBytes} for {tokens} tokens and {documents} documents");
        return read;
    }
}
