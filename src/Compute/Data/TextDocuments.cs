using System.Text;

namespace ActorRing.Compute.Data;

/// <summary>A text file as one document. Line ends stay as they are.</summary>
/// <remarks>
/// A file longer than <c>pieceBytes</c> comes in pieces, so that memory does not grow with it. A piece ends between a letter and a line end, else
/// between a letter and a blank, where the usual byte-level pre-tokenizers split in any case: the ids are those of the whole text. A tokenizer that
/// marks the start of a text (SentencePiece's leading blank) marks the start of each piece too.
/// </remarks>
internal static class TextDocuments
{
    public static IEnumerable<DocumentPiece> Read(string path, int pieceBytes)
    {
        using var source = new SourceStream(path);
        var buffer = new byte[Math.Min(pieceBytes, 1 << 16)];
        var filled = 0;
        var offset = 0L;
        while (true)
        {
            filled += source.Fill(buffer.AsSpan(filled));
            var isLast = filled < buffer.Length;
            if (!isLast && buffer.Length < pieceBytes)
            {
                Array.Resize(ref buffer, (int)Math.Min(pieceBytes, 2L * buffer.Length));
                continue;
            }

            var cut = isLast ? filled : Cut(buffer);
            yield return new DocumentPiece(path, source.Decode(buffer.AsSpan(0, cut), offset), null, IsFirst: offset == 0, isLast);
            if (isLast) yield break;
            buffer.AsSpan(cut).CopyTo(buffer);
            filled = buffer.Length - cut;
            offset += cut;
        }
    }

    /// <returns>Bytes of the piece; at least 1.</returns>
    internal static int Cut(ReadOnlySpan<byte> bytes)
    {
        // Only the last quarter is searched: a cut further ahead would make short pieces of a text without line ends.
        var first = bytes.Length - (bytes.Length / 4);
        var atBlank = 0;
        for (var i = bytes.Length - 1; i >= first && i > 0; i--)
        {
            if (!char.IsAsciiLetter((char)bytes[i - 1])) continue;
            if (bytes[i] is (byte)'\n' or (byte)'\r') return i;
            if (bytes[i] == (byte)' ' && atBlank == 0) atBlank = i;
        }

        if (atBlank > 0) return atBlank;

        // No blank in sight: at least no character may be cut in two.
        for (var back = 1; back < 4 && back < bytes.Length; back++)
        {
            if (Rune.DecodeFromUtf8(bytes[^back..], out _, out _) == System.Buffers.OperationStatus.NeedMoreData) return bytes.Length - back;
        }

        return bytes.Length;
    }
}
