namespace ActorRing.Actors.Ids;

/// <summary>A point of a host's monotonic time. Only differences mean anything, and only within one process; the wall clock has no say.</summary>
/// <param name="Ticks">In units of 100 ns from an origin that the host chooses.</param>
public readonly record struct Instant(long Ticks) : IComparable<Instant>
{
    /// <inheritdoc/>
    public int CompareTo(Instant other) => Ticks.CompareTo(other.Ticks);

    /// <summary>The instant a while later.</summary>
    public static Instant operator +(Instant instant, TimeSpan wait) => new(instant.Ticks + wait.Ticks);

    /// <summary>What has passed from the right one to the left one.</summary>
    public static TimeSpan operator -(Instant later, Instant earlier) => new(later.Ticks - earlier.Ticks);

    /// <summary>Whether the left one comes first.</summary>
    public static bool operator <(Instant left, Instant right) => left.Ticks < right.Ticks;

    /// <summary>Whether the left one comes last.</summary>
    public static bool operator >(Instant left, Instant right) => left.Ticks > right.Ticks;

    /// <summary>Whether the left one does not come last.</summary>
    public static bool operator <=(Instant left, Instant right) => left.Ticks <= right.Ticks;

    /// <summary>Whether the left one does not come first.</summary>
    public static bool operator >=(Instant left, Instant right) => left.Ticks >= right.Ticks;

    /// <summary>The same as the operator.</summary>
    public static Instant Add(Instant instant, TimeSpan wait) => instant + wait;

    /// <summary>The same as the operator.</summary>
    public static TimeSpan Subtract(Instant later, Instant earlier) => later - earlier;
}
