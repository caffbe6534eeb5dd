namespace ActorRing.Compute.Tokenizers.PreTokenizers;

/// <summary>Cuts pieces into smaller pieces and may rewrite them. Immutable and safe to share between threads.</summary>
internal abstract class PreTokenizer
{
    /// <summary>Cost: linear in the text for every pattern without nested backtracking.</summary>
    public abstract List<Piece> Apply(List<Piece> pieces);
}

internal sealed class PreTokenizerSequence(IReadOnlyList<PreTokenizer> steps) : PreTokenizer
{
    public override List<Piece> Apply(List<Piece> pieces) => steps.Aggregate(pieces, (current, step) => step.Apply(current));
}
