namespace ActorRing.Actors.Plans;

/// <summary>Neighbouring rows.</summary>
/// <param name="First">The first of them.</param>
/// <param name="Count">How many, 0 for none.</param>
public readonly record struct RowRange(long First, long Count)
{
    /// <summary>The row after the last.</summary>
    public long End => First + Count;

    /// <summary>Rows from <paramref name="first"/> up to, not including, <paramref name="end"/>; none if that is not after <paramref name="first"/>.</summary>
    public static RowRange Between(long first, long end) => end > first ? new(first, end - first) : default;
}
