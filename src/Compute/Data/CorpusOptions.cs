using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Data;

/// <summary>How files become token ids.</summary>
/// <param name="VocabularySize">The model's; every id must lie below it.</param>
/// <param name="CacheFolder">Where the packed tokens of text and JSON lines are kept; made if absent.</param>
public sealed record CorpusOptions(int VocabularySize, string CacheFolder)
{
    /// <summary>How the files are read.</summary>
    public SourceFormat Format { get; init; }

    /// <summary>For text; null if the model has none, and then all data must be ids.</summary>
    public ITokenizer? Tokenizer { get; init; }

    /// <summary>Names everything about the tokenizer that changes ids, such as a digest of its file; a part of the cache's name.</summary>
    public string TokenizerKey { get; init; } = "";

    /// <summary>Whether each document of text starts with BOS; null for "if the tokenizer has one". Documents of ids are never changed.</summary>
    public bool? AddBos { get; init; }

    /// <summary>Whether each document of text ends with EOS; null for "if the tokenizer has one". Documents of ids are never changed.</summary>
    public bool? AddEos { get; init; }

    /// <summary>Bytes of a text file that are in memory, and tokenised, at a time; at least 16.</summary>
    public int PieceBytes { get; init; } = 8 << 20;

    /// <summary>Bytes of the longest line of JSON.</summary>
    public int MaxLineBytes { get; init; } = 256 << 20;
}

/// <summary>How far the tokenising is.</summary>
/// <param name="File">The file under way.</param>
/// <param name="FilesDone">Files before it.</param>
/// <param name="Files">All of them.</param>
/// <param name="Tokens">Tokens so far.</param>
public readonly record struct CorpusProgress(string File, int FilesDone, int Files, long Tokens);
