using System.Text;
using ActorRing.Compute.Tokenizers.Patterns;

namespace ActorRing.Compute.Tokenizers.Normalizers;

/// <summary>Puts <paramref name="content"/> in place of every match.</summary>
internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : Normalizer
{
    public override string Apply(string text, ref bool atOrigin)
    {
        if (pattern is LiteralPattern literal)
        {
            if (text.StartsWith(literal.Literal, StringComparison.Ordinal)) atOrigin &= KeepsOrigin(literal.Literal);
            return text.Replace(literal.Literal, content, StringComparison.Ordinal);
        }

        var spans = new List<TextSpan>();
        pattern.Cut(text, spans);
        if (spans is [{ IsMatch: true, End: > 0 } first, ..]) atOrigin &= KeepsOrigin(text[..first.End]);
        var result = new StringBuilder(text.Length);
        foreach (var span in spans)
        {
            if (span.IsMatch) result.Append(content);
            else result.Append(text, span.Start, span.End - span.Start);
        }

        return result.ToString();
    }

    // The content takes the place of the last character that was matched.
    private bool KeepsOrigin(string matched) =>
        content.Length > 0 && Rune.GetRuneAt(matched, 0).Utf16SequenceLength == matched.Length;
}
