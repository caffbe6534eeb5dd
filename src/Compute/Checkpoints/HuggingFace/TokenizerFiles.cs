namespace ActorRing.Compute.Checkpoints.HuggingFace;

/// <summary>The files of a model folder that belong to its tokenizer; they are copied as they are.</summary>
public static class TokenizerFiles
{
    private const int CopyBytes = 1 << 20;

    private static readonly string[] Names =
    [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model", "vocab.json", "merges.txt",
        "chat_template.jinja", "chat_template.json",
    ];

    /// <summary>Full paths of those that a folder has, in a fixed order.</summary>
    /// <param name="folder">A model folder.</param>
    public static IReadOnlyList<string> In(string folder) => [.. Names.Select(name => Path.Combine(folder, name)).Where(File.Exists)];

    /// <summary>Copies them byte for byte, each durably.</summary>
    /// <param name="from">A folder with a tokenizer, or none.</param>
    /// <param name="to">An existing folder.</param>
    /// <exception cref="InvalidDataException">One of them is not a regular file or a link out of its folder.</exception>
    public static void Copy(string from, string to)
    {
        var buffer = new byte[CopyBytes];
        foreach (var path in In(from))
        {
            using var source = RegularFile.OpenRead(path);
            using var copy = DurableFile.Create(Path.Combine(to, Path.GetFileName(path)));
            long read;
            while ((read = RegularFile.ReadFully(source, buffer, copy.Length)) > 0)
            {
                copy.Append(buffer.AsSpan(0, (int)read));
            }
            copy.Commit();
        }
    }
}
