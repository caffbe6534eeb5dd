using ActorRing.Compute.Tokenizers.Patterns;

namespace ActorRing.Compute.Tokenizers.PreTokenizers;

/// <summary>Cuts at a pattern. Serves Split, Digits, Punctuation, Whitespace, WhitespaceSplit and the regular expression inside ByteLevel.</summary>
internal sealed class SplitPreTokenizer(TextPattern pattern, SplitBehavior behavior, bool invert) : PreTokenizer
{
    public override List<Piece> Apply(List<Piece> pieces)
    {
        var result = new List<Piece>(pieces.Count);
        var spans = new List<TextSpan>();
        foreach (var piece in pieces)
        {
            spans.Clear();
            pattern.Cut(piece.Span, spans);
            if (invert)
            {
                for (var i = 0; i < spans.Count; i++) spans[i] = spans[i] with { IsMatch = !spans[i].IsMatch };
            }

            behavior.Arrange(spans);
            foreach (var span in spans)
            {
                if (span.End > span.Start)
                    result.Add(new Piece(piece.Text, piece.Start + span.Start, span.End - span.Start, piece.AtOrigin && span.Start == 0));
            }
        }

        return result;
    }
}
