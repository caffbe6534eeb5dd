using System.Text;

namespace ActorRing.Compute.Tokenizers.PreTokenizers;

/// <summary>Rewrites every piece in the byte alphabet, after an optional leading space and an optional cut.</summary>
/// <param name="addPrefixSpace">Whether a piece that does not start with a space gets one.</param>
/// <param name="split">The cut before the rewriting, or null.</param>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, SplitPreTokenizer? split) : PreTokenizer
{
    /// <summary>The pattern of GPT-2, which ByteLevel uses unless <c>use_regex</c> is false.</summary>
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public override List<Piece> Apply(List<Piece> pieces)
    {
        if (addPrefixSpace) pieces = [.. pieces.Select(WithPrefixSpace)];
        if (split is not null) pieces = split.Apply(pieces);

        // One buffer for all pieces: a string for each would cost more than the rewriting itself.
        var buffer = new StringBuilder();
        var ends = new int[pieces.Count];
        for (var i = 0; i < ends.Length; i++)
        {
            ByteAlphabet.Append(pieces[i].Span, buffer);
            ends[i] = buffer.Length;
        }

        var text = buffer.ToString();
        var result = new List<Piece>(ends.Length);
        for (var i = 0; i < ends.Length; i++)
        {
            var start = i == 0 ? 0 : ends[i - 1];
            result.Add(new Piece(text, start, ends[i] - start, pieces[i].AtOrigin));
        }

        return result;
    }

    private static Piece WithPrefixSpace(Piece piece) =>
        piece.Span[0] == ' ' ? piece : new Piece(string.Concat(" ", piece.Span), 0, piece.Length + 1, piece.AtOrigin);
}
