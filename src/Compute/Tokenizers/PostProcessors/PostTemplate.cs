namespace ActorRing.Compute.Tokenizers.PostProcessors;

/// <summary>The ids that a post-processor puts around those of one text.</summary>
internal sealed record PostTemplate(IReadOnlyList<int> Before, IReadOnlyList<int> After)
{
    public static PostTemplate Empty { get; } = new([], []);
}
