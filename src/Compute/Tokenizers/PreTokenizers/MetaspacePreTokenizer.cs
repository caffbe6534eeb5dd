using System.Text;
using ActorRing.Compute.Tokenizers.Patterns;

namespace ActorRing.Compute.Tokenizers.PreTokenizers;

/// <summary>When Metaspace puts its character in front of a piece that does not start with it.</summary>
internal enum PrependScheme
{
    Always,

    /// <summary>Only before the piece that starts the text.</summary>
    First,

    Never,
}

/// <summary>Replaces spaces by a visible character and, if asked, starts a piece at each of them.</summary>
internal sealed class MetaspacePreTokenizer(Rune replacement, PrependScheme scheme, bool split) : PreTokenizer
{
    private readonly string mark = replacement.ToString();
    private readonly SplitPreTokenizer? splitter =
        split ? new SplitPreTokenizer(new LiteralPattern(replacement.ToString()), SplitBehavior.MergedWithNext, invert: false) : null;

    public override List<Piece> Apply(List<Piece> pieces)
    {
        var marked = new List<Piece>(pieces.Count);
        foreach (var piece in pieces)
        {
            var text = piece.Span.ToString().Replace(" ", mark, StringComparison.Ordinal);
            var wanted = scheme == PrependScheme.Always || (scheme == PrependScheme.First && piece.AtOrigin);
            if (wanted && !text.StartsWith(mark, StringComparison.Ordinal)) text = mark + text;
            marked.Add(new Piece(text, 0, text.Length, piece.AtOrigin));
        }

        return splitter?.Apply(marked) ?? marked;
    }
}
