using System.Text;
using ActorRing.Compute.Tokenizers.Patterns;
using ActorRing.Compute.Tokenizers.PreTokenizers;

namespace ActorRing.Compute.Tokenizers.Decoders;

/// <summary>Joins all tokens into one.</summary>
internal sealed class FuseDecoder : TokenDecoder
{
    public override List<string> Apply(List<string> tokens) => [string.Concat(tokens)];
}

/// <summary>Puts <paramref name="content"/> in place of every match inside each token.</summary>
internal sealed class ReplaceDecoder(TextPattern pattern, string content) : TokenDecoder
{
    public override List<string> Apply(List<string> tokens) => [.. tokens.Select(Replaced)];

    private string Replaced(string token)
    {
        if (pattern is LiteralPattern literal) return token.Replace(literal.Literal, content, StringComparison.Ordinal);
        var spans = new List<TextSpan>();
        pattern.Cut(token, spans);
        return string.Concat(spans.Select(span => span.IsMatch ? content : token[span.Start..span.End]));
    }
}

/// <summary>Removes up to <paramref name="start"/> leading and <paramref name="stop"/> trailing copies of a character from each token.</summary>
internal sealed class StripDecoder(Rune content, int start, int stop) : TokenDecoder
{
    public override List<string> Apply(List<string> tokens) => [.. tokens.Select(Stripped)];

    private string Stripped(string token)
    {
        var mark = content.ToString();
        var first = 0;
        var last = token.Length;
        for (var i = 0; i < start && first < last && string.CompareOrdinal(token, first, mark, 0, mark.Length) == 0; i++) first += mark.Length;
        for (var i = 0; i < stop && last - mark.Length >= first && string.CompareOrdinal(token, last - mark.Length, mark, 0, mark.Length) == 0; i++)
            last -= mark.Length;
        return token[first..last];
    }
}

/// <summary>Turns the visible space back into a space, and drops it in the first token when encoding may have put it there.</summary>
internal sealed class MetaspaceDecoder(Rune replacement, PrependScheme scheme) : TokenDecoder
{
    public override List<string> Apply(List<string> tokens) => [.. tokens.Select((token, index) =>
        token.Replace(replacement.ToString(), index == 0 && scheme != PrependScheme.Never ? "" : " ", StringComparison.Ordinal))];
}
