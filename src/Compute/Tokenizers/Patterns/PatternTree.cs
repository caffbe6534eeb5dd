namespace ActorRing.Compute.Tokenizers.Patterns;

/// <summary>How a repetition chooses between going on and stopping.</summary>
internal enum Appetite
{
    Greedy,
    Lazy,
    Possessive,
}

/// <summary>Conditions on a position that consume nothing.</summary>
internal enum PatternAnchor
{
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    TextEndOrFinalNewline,
    WordBoundary,
    NotWordBoundary,
}

/// <summary>A parsed pattern, before it is linked into matching nodes.</summary>
internal abstract record PatternTree
{
    /// <summary>A repetition that may take any number of turns.</summary>
    public const int Unbounded = int.MaxValue;

    public sealed record One(RuneSet Set) : PatternTree;

    public sealed record Run(IReadOnlyList<PatternTree> Parts) : PatternTree;

    public sealed record Choice(IReadOnlyList<PatternTree> Branches) : PatternTree;

    public sealed record Repeat(PatternTree Body, int Min, int Max, Appetite Appetite) : PatternTree;

    public sealed record Look(PatternTree Body, bool Ahead, bool Negated) : PatternTree;

    public sealed record Atomic(PatternTree Body) : PatternTree;

    public sealed record Anchor(PatternAnchor Kind) : PatternTree;

    /// <summary>Number of code points that every match has, or null when matches differ in length.</summary>
    public int? FixedLength() => this switch
    {
        One => 1,
        Run run => run.Parts.Aggregate((int?)0, (sum, part) => sum + part.FixedLength()),
        Choice choice => choice.Branches.Select(branch => branch.FixedLength()).Distinct().ToArray() is [var only] ? only : null,
        Repeat repeat => repeat.Min == repeat.Max ? repeat.Min * repeat.Body.FixedLength() : null,
        Atomic atomic => atomic.Body.FixedLength(),
        _ => 0,
    };

    /// <summary>Whether a match can have length 0.</summary>
    public bool CanBeEmpty() => this switch
    {
        One => false,
        Run run => run.Parts.All(part => part.CanBeEmpty()),
        Choice choice => choice.Branches.Any(branch => branch.CanBeEmpty()),
        Repeat repeat => repeat.Min == 0 || repeat.Body.CanBeEmpty(),
        Atomic atomic => atomic.Body.CanBeEmpty(),
        _ => true,
    };
}
