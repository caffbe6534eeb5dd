namespace ActorRing.Compute.Tokenizers;

/// <summary>Text to token ids and back. Implementations are immutable and safe to share between threads.</summary>
public interface ITokenizer
{
    /// <summary>One more than the largest id that <see cref="Encode"/> can return, added tokens included.</summary>
    int VocabularySize { get; }

    /// <summary>Id of the beginning-of-sequence token, or null if the model has none.</summary>
    int? BosId { get; }

    /// <summary>Id of the end-of-sequence token, or null if the model has none.</summary>
    int? EosId { get; }

    /// <summary>Turns text into ids.</summary>
    /// <param name="text">Any text; unpaired surrogates become U+FFFD.</param>
    /// <param name="addSpecialTokens">Whether the post-processor adds its tokens (for example BOS).</param>
    int[] Encode(string text, bool addSpecialTokens);

    /// <summary>Turns ids into text.</summary>
    /// <param name="ids">Ids below <see cref="VocabularySize"/>.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens);
}
