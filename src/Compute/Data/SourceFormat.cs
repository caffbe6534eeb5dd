namespace ActorRing.Compute.Data;

/// <summary>How a file holds its documents.</summary>
public enum SourceFormat
{
    /// <summary>By the ending of the name: <c>.txt</c>, <c>.jsonl</c>, <c>.tokens</c>; <c>.gz</c> after the first two.</summary>
    Auto,

    /// <summary>One document, UTF-8.</summary>
    Text,

    /// <summary>One JSON object a line with <c>text</c> or <c>input_ids</c>: one document a line.</summary>
    JsonLines,

    /// <summary>Token ids packed by <see cref="PackedTokensWriter"/>.</summary>
    Tokens,
}
