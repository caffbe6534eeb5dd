using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

/// <summary>One field of a plan as whole numbers: what is hashed and compared.</summary>
/// <param name="Tag">Number of the field on the wire; never used again for another one.</param>
/// <param name="Name">As users write it.</param>
/// <param name="Values">The value, or the values of a list.</param>
/// <param name="IsList">Whether the field is a list, even with one entry.</param>
/// <param name="Spellings">How values from 0 on are spelt, empty where they are numbers.</param>
internal sealed record PlanField(ushort Tag, string Name, ImmutableArray<long> Values, bool IsList, ImmutableArray<string> Spellings)
{
    internal string Text(int at) => TextOf(Values[at]);

    // A value of another version may have no spelling here.
    internal string TextOf(long value) => value >= 0 && value < Spellings.Length ? Spellings[(int)value] : Invariant.Text($"{value}");
}
