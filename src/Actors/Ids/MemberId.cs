namespace ActorRing.Actors.Ids;

/// <summary>One life of one process of the cluster: a restart has the same name, a higher incarnation, and is another member.</summary>
/// <param name="Name">Short and printable; the engine vouches for it.</param>
/// <param name="Incarnation">Positive; grows with every restart.</param>
public readonly record struct MemberId(string Name, long Incarnation) : IComparable<MemberId>
{
    /// <summary>Orders by name (ordinal), then by age.</summary>
    public int CompareTo(MemberId other)
    {
        var names = string.CompareOrdinal(Name, other.Name);
        return names != 0 ? names : Incarnation.CompareTo(other.Incarnation);
    }

    /// <summary>Whether the left one sorts first.</summary>
    public static bool operator <(MemberId left, MemberId right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left one sorts last.</summary>
    public static bool operator >(MemberId left, MemberId right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left one does not sort last.</summary>
    public static bool operator <=(MemberId left, MemberId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left one does not sort first.</summary>
    public static bool operator >=(MemberId left, MemberId right) => left.CompareTo(right) >= 0;

    /// <summary>Prints as <c>m2#17</c>.</summary>
    public override string ToString() => Text.Of($"{Name}#{Incarnation}");
}
