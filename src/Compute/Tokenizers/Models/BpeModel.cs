using System.Buffers;
using System.Globalization;
using System.Text;

namespace ActorRing.Compute.Tokenizers.Models;

/// <summary>What a <see cref="BpeModel"/> is made of.</summary>
/// <param name="Ids">Id of every token.</param>
/// <param name="Merges">Left id, right id and resulting id, best first.</param>
/// <param name="UnknownId">Id for characters that are not in the vocabulary, or null to drop them.</param>
/// <param name="FuseUnknown">Whether unknown characters in a row become one id.</param>
/// <param name="ByteFallback">Whether an unknown character becomes its UTF-8 bytes <c>&lt;0xNN&gt;</c> where the vocabulary has them all.</param>
/// <param name="IgnoreMerges">Whether a piece that is in the vocabulary as a whole is taken whole.</param>
internal sealed record BpeDefinition(
    Dictionary<string, int> Ids,
    IReadOnlyList<(int Left, int Right, int Result)> Merges,
    int? UnknownId,
    bool FuseUnknown,
    bool ByteFallback,
    bool IgnoreMerges);

/// <summary>Byte pair encoding (arXiv:1508.07909) of one piece. Safe to share between threads.</summary>
internal sealed class BpeModel
{
    private const int CacheCapacity = 1 << 16;
    private const int MaxBytesOfRune = 4;

    private readonly BpeDefinition definition;
    private readonly MergeTable merges;
    private readonly WordCache cache = new(CacheCapacity);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> ids;
    private readonly int?[] byteIds;
    private readonly Lazy<SafeCuts> cuts;

    public BpeModel(BpeDefinition definition)
    {
        this.definition = definition;
        merges = new MergeTable(definition.Merges);
        ids = definition.Ids.GetAlternateLookup<ReadOnlySpan<char>>();
        cuts = new Lazy<SafeCuts>(() => new SafeCuts(definition));
        byteIds = [.. Enumerable.Range(0, 256).Select(value => FindId(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>")))];
    }

    public int? FindId(string token) => definition.Ids.TryGetValue(token, out var id) ? id : null;

    /// <summary>Appends the ids of one piece.</summary>
    /// <param name="piece">Well-formed UTF-16, not empty.</param>
    /// <param name="target">Receives the ids.</param>
    public void Encode(ReadOnlySpan<char> piece, List<int> target)
    {
        // Without a pre-tokenizer the piece is the whole text. A piece that may be taken whole must be looked up whole.
        if (piece.Length > WordCache.MaxWordLength && !definition.IgnoreMerges)
        {
            while (piece.Length > 0)
            {
                var length = cuts.Value.FirstStretch(piece);
                EncodeStretch(piece[..length], target);
                piece = piece[length..];
            }
        }
        else
        {
            EncodeStretch(piece, target);
        }
    }

    private void EncodeStretch(ReadOnlySpan<char> stretch, List<int> target)
    {
        if (!cache.TryGet(stretch, out var found))
        {
            found = Encode(stretch);
            cache.Add(stretch, found);
        }

        target.AddRange(found);
    }

    private int[] Encode(ReadOnlySpan<char> piece)
    {
        if (definition.IgnoreMerges && ids.TryGetValue(piece, out var whole)) return [whole];
        var buffer = ArrayPool<int>.Shared.Rent(piece.Length * MaxBytesOfRune);
        try
        {
            var count = Spell(piece, buffer);
            return buffer.AsSpan(0, merges.Merge(buffer.AsSpan(0, count))).ToArray();
        }
        finally
        {
            ArrayPool<int>.Shared.Return(buffer);
        }
    }

    /// <summary>Ids of the single characters of a piece.</summary>
    private int Spell(ReadOnlySpan<char> piece, int[] buffer)
    {
        var count = 0;
        var hasPendingUnknown = false;
        for (var at = 0; at < piece.Length;)
        {
            var length = char.IsHighSurrogate(piece[at]) ? 2 : 1;
            var character = piece.Slice(at, length);
            at += length;
            if (ids.TryGetValue(character, out var id))
            {
                if (hasPendingUnknown) buffer[count++] = definition.UnknownId!.Value;
                hasPendingUnknown = false;
                buffer[count++] = id;
            }
            else if (definition.ByteFallback && TrySpellBytes(character, buffer, ref count))
            {
                // As in the reference, an unknown character that waits to be fused does not come out before bytes.
            }
            else if (definition.UnknownId is { } unknown)
            {
                if (hasPendingUnknown && !definition.FuseUnknown) buffer[count++] = unknown;
                hasPendingUnknown = true;
            }
        }

        if (hasPendingUnknown) buffer[count++] = definition.UnknownId!.Value;
        return count;
    }

    private bool TrySpellBytes(ReadOnlySpan<char> character, int[] buffer, ref int count)
    {
        Span<byte> utf8 = stackalloc byte[MaxBytesOfRune];
        var bytes = utf8[..Encoding.UTF8.GetBytes(character, utf8)];
        foreach (var value in bytes)
        {
            if (byteIds[value] is null) return false;
        }

        foreach (var value in bytes) buffer[count++] = byteIds[value]!.Value;
        return true;
    }
}
