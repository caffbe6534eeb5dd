namespace ActorRing.Cluster.Hosting.Settings;

/// <summary>Where the model comes from: exactly one of <paramref name="Path"/> and <paramref name="Config"/> is not null.</summary>
/// <param name="Path">Hugging Face folder.</param>
/// <param name="Config">Shape of a new model.</param>
/// <param name="Tokenizer">
/// The word <see cref="ByteTokenizer"/> or the path of a <c>tokenizer.json</c>; null for the one in <paramref name="Path"/>, or none.
/// </param>
public sealed record ModelSettings(string? Path, NewModelSettings? Config, string? Tokenizer)
{
    /// <summary>The value of <see cref="Tokenizer"/> that means one token a byte.</summary>
    public const string ByteTokenizer = "bytes";
}
