namespace ActorRing.Compute.Tokenizers.Decoders;

/// <summary>Turns token strings towards text; the strings of the last step, joined, are the text. Immutable and safe to share between threads.</summary>
internal abstract class TokenDecoder
{
    public abstract List<string> Apply(List<string> tokens);
}

internal sealed class DecoderSequence(IReadOnlyList<TokenDecoder> steps) : TokenDecoder
{
    public override List<string> Apply(List<string> tokens) => steps.Aggregate(tokens, (current, step) => step.Apply(current));
}
