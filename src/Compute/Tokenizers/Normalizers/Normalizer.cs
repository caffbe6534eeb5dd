namespace ActorRing.Compute.Tokenizers.Normalizers;

/// <summary>Rewrites text before it is cut. Immutable and safe to share between threads.</summary>
internal abstract class Normalizer
{
    /// <param name="text">Well-formed UTF-16, not empty.</param>
    /// <param name="atOrigin">
    /// Whether the first character comes from the start of the caller's text; becomes false when that start is dropped.
    /// Metaspace's scheme <c>first</c> depends on it.
    /// </param>
    public abstract string Apply(string text, ref bool atOrigin);
}

internal sealed class NormalizerSequence(IReadOnlyList<Normalizer> steps) : Normalizer
{
    public override string Apply(string text, ref bool atOrigin)
    {
        foreach (var step in steps)
        {
            if (text.Length == 0) break;
            text = step.Apply(text, ref atOrigin);
        }

        return text;
    }
}
