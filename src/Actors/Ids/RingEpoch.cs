namespace ActorRing.Actors.Ids;

/// <summary>One incarnation of a ring. Two coordinators can never issue the same one, because their terms differ; ranks only ever go to a greater one.</summary>
/// <param name="Term">Of the coordinator that issued it.</param>
/// <param name="Number">Grows by one with every epoch that the log holds, over all terms.</param>
public readonly record struct RingEpoch(long Term, long Number) : IComparable<RingEpoch>
{
    /// <summary>Before the first epoch.</summary>
    public static RingEpoch None => default;

    /// <inheritdoc/>
    public int CompareTo(RingEpoch other) => Term != other.Term ? Term.CompareTo(other.Term) : Number.CompareTo(other.Number);

    /// <summary>Whether the left one was issued before the right one.</summary>
    public static bool operator <(RingEpoch left, RingEpoch right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left one was issued after the right one.</summary>
    public static bool operator >(RingEpoch left, RingEpoch right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left one is the right one or was issued before it.</summary>
    public static bool operator <=(RingEpoch left, RingEpoch right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left one is the right one or was issued after it.</summary>
    public static bool operator >=(RingEpoch left, RingEpoch right) => left.CompareTo(right) >= 0;

    /// <summary>Prints as <c>3.7</c>: the seventh epoch, issued in term 3.</summary>
    public override string ToString() => Text.Of($"{Term}.{Number}");
}
