namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>
/// What was written, before substitutions are followed. Only <see cref="ObjectNode"/> changes after it was made, and only while the layers
/// are being read; nodes are otherwise shared freely.
/// </summary>
internal abstract class HoconNode(HoconPosition at)
{
    public HoconPosition At { get; } = at;
}

/// <summary>Text, number, boolean or null: HOCON decides which when the value is used.</summary>
/// <param name="at">Where it was written.</param>
/// <param name="text">Without quotes, escapes undone.</param>
/// <param name="quoted">Whether it was written in quotes; only an unquoted <c>null</c> is null.</param>
internal sealed class ScalarNode(HoconPosition at, string text, bool quoted) : HoconNode(at)
{
    public string Text { get; } = text;

    public bool Quoted { get; } = quoted;
}

/// <summary>The blanks between two parts of a concatenation; they belong to a string and mean nothing between objects or arrays.</summary>
internal sealed class SpaceNode(HoconPosition at, string text) : HoconNode(at)
{
    public string Text { get; } = text;
}

internal sealed class ObjectNode(HoconPosition at) : HoconNode(at)
{
    public OrderedDictionary<string, HoconNode> Fields { get; } = new(StringComparer.Ordinal);
}

internal sealed class ArrayNode(HoconPosition at, IReadOnlyList<HoconNode> items) : HoconNode(at)
{
    public IReadOnlyList<HoconNode> Items { get; } = items;
}

/// <summary><c>${target}</c> or <c>${?target}</c>.</summary>
/// <param name="at">Where it was written.</param>
/// <param name="target">From the root of the whole tree, the place of an including object taken into account.</param>
/// <param name="written">As written; differs from <paramref name="target"/> in an included file only, and is tried second.</param>
/// <param name="optional">Whether an unknown target means "no value" instead of an error.</param>
/// <param name="owner">The field whose value this is a part of, or null inside an object of an array.</param>
internal sealed class SubstitutionNode(HoconPosition at, HoconPath target, HoconPath written, bool optional, HoconPath? owner) : HoconNode(at)
{
    public HoconPath Target { get; } = target;

    public HoconPath Written { get; } = written;

    public bool Optional { get; } = optional;

    public HoconPath? Owner { get; } = owner;

    /// <summary>A field that mentions itself means the value that it had before.</summary>
    public bool RefersToOwner => Owner is not null && Target.StartsWith(Owner);

    public override string ToString() => $"${{{(Optional ? "?" : "")}{Written}}}";
}

/// <summary>A substitution of a field by its own earlier value, bound to that value.</summary>
/// <param name="substitution">What was written.</param>
/// <param name="below">The field's value before this one.</param>
internal sealed class EarlierNode(SubstitutionNode substitution, HoconNode below) : HoconNode(substitution.At)
{
    public SubstitutionNode Substitution { get; } = substitution;

    public HoconNode Below { get; } = below;

    /// <summary>What to look up inside <see cref="Below"/>; empty for all of it.</summary>
    public ReadOnlySpan<string> Rest => Substitution.Target.Keys.AsSpan()[Substitution.Owner!.Keys.Length..];
}

/// <summary>Parts side by side, at least one of them unknown until substitutions are followed.</summary>
internal sealed class ConcatenationNode(HoconPosition at, HoconNode[] parts) : HoconNode(at)
{
    public HoconNode[] Parts { get; } = parts;
}

/// <summary>A value over an earlier one, where it takes a substitution to know whether it replaces, joins or leaves it.</summary>
internal sealed class LayeredNode(HoconNode lower, HoconNode upper) : HoconNode(upper.At)
{
    public HoconNode Lower { get; } = lower;

    public HoconNode Upper { get; } = upper;
}
