namespace ActorRing.Actors.Plans;

/// <summary>Positions <c>Start, Start + Step, …</c> of a sequence, in one piece of a rank's rows.</summary>
/// <param name="Start">Position of row 0.</param>
/// <param name="Step">Positions between neighbouring rows, at least 1.</param>
/// <param name="Count">Rows, at least 0.</param>
public readonly record struct TokenRun(long Start, long Step, long Count)
{
    /// <summary>Position of the last row; below <see cref="Start"/> in an empty run.</summary>
    public long Last => Start + ((Count - 1) * Step);

    /// <summary>Position of a row.</summary>
    public long At(long row) => Start + (row * Step);

    /// <summary>Rows <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> - 1 of this run.</summary>
    public TokenRun Slice(long first, long count) => new(At(first), Step, count);
}
