namespace ActorRing.Compute.Data;

/// <summary>A document or, of a long text, a part of one. Parts of a document follow each other.</summary>
/// <param name="Source">The file, with the line where there is one: what an error message starts with.</param>
/// <param name="Text">Text to be tokenised; null if <paramref name="Ids"/> is not.</param>
/// <param name="Ids">Token ids as the file has them; null if <paramref name="Text"/> is not.</param>
/// <param name="IsFirst">Whether the document starts here.</param>
/// <param name="IsLast">Whether it ends here.</param>
internal readonly record struct DocumentPiece(string Source, string? Text, int[]? Ids, bool IsFirst, bool IsLast);
