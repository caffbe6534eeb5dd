namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>What a settings file may cost. A file is data from somebody else: everything that grows has a bound, checked before it grows.</summary>
internal sealed record HoconLimits
{
    /// <summary>Items of one list. Longer lists of files are written with wildcards.</summary>
    public const int ListItems = 10_000;

    /// <summary>Bytes of one file.</summary>
    public int FileBytes { get; init; } = 1 << 20;

    /// <summary>Objects and arrays inside each other, and keys in one dotted path.</summary>
    public int Depth { get; init; } = 64;

    /// <summary>Files that include each other, the first one counted.</summary>
    public int IncludeDepth { get; init; } = 16;

    /// <summary>Files read altogether, so that a fan of includes ends too.</summary>
    public int Files { get; init; } = 256;

    /// <summary>Characters of one string after concatenation. Doubling a string by substitution needs few lines.</summary>
    public int StringLength { get; init; } = 1 << 20;

    /// <summary>Values in the finished tree, shared ones counted once for each place that shows them.</summary>
    public int Values { get; init; } = 200_000;

    /// <summary>Calls inside each other while substitutions are followed.</summary>
    public int ResolveDepth { get; init; } = 1_000;

    /// <summary>Look-ups while substitutions are followed.</summary>
    public int ResolveSteps { get; init; } = 2_000_000;
}
