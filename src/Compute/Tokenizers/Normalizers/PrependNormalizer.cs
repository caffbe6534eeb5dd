namespace ActorRing.Compute.Tokenizers.Normalizers;

/// <summary>Puts a text in front of every stretch that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override string Apply(string text, ref bool atOrigin) => text.Length == 0 ? text : prefix + text;
}
