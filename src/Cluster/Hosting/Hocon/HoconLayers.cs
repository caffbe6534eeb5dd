namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>What happens when a key is written twice: objects join, everything else replaces, and what is not yet known waits as layers.</summary>
internal static class HoconLayers
{
    /// <summary>Writes a value under a dotted key.</summary>
    /// <param name="target">The object that the key starts in.</param>
    /// <param name="path">Where that object lies; null inside a list.</param>
    /// <param name="keys">At least one key.</param>
    /// <param name="at">Where the key was written.</param>
    /// <param name="value">The value.</param>
    /// <param name="append">Whether it is one more item of the list that is there.</param>
    public static void Set(ObjectNode target, HoconPath? path, ReadOnlySpan<string> keys, HoconPosition at, HoconNode value, bool append)
    {
        var key = keys[0];
        var field = path?.Then(key);
        var earlier = target.Fields.GetValueOrDefault(key);
        if (keys.Length == 1)
        {
            target.Fields[key] = append ? Append(field, earlier, value) : Over(field, earlier, value);
            return;
        }

        if (earlier is ObjectNode inner)
        {
            Set(inner, field, keys[1..], at, value, append);
            return;
        }

        var fresh = new ObjectNode(at);
        Set(fresh, field, keys[1..], at, value, append);
        target.Fields[key] = Over(field, earlier, fresh);
    }

    /// <summary>Writes every field of <paramref name="upper"/> into <paramref name="target"/>, as if it stood there.</summary>
    public static void Merge(ObjectNode target, HoconPath? path, ObjectNode upper)
    {
        foreach (var (key, value) in upper.Fields) target.Fields[key] = Over(path?.Then(key), target.Fields.GetValueOrDefault(key), value);
    }

    /// <summary>Parts that stand side by side. Known ones are joined here, so that only real unknowns wait.</summary>
    /// <exception cref="HoconException">The parts cannot stand side by side.</exception>
    public static HoconNode Concatenate(HoconPosition at, List<HoconNode> parts, HoconPath? field)
    {
        if (parts.Exists(part => part is SubstitutionNode)) return new ConcatenationNode(at, [.. parts]);
        if (parts.TrueForAll(part => part is ScalarNode or SpaceNode))
            return new ScalarNode(at, string.Concat(parts.Select(part => part is ScalarNode s ? s.Text : ((SpaceNode)part).Text)), quoted: true);
        var solid = parts.FindAll(part => part is not SpaceNode);
        if (solid.TrueForAll(part => part is ArrayNode)) return new ArrayNode(at, [.. solid.Cast<ArrayNode>().SelectMany(array => array.Items)]);
        if (!solid.TrueForAll(part => part is ObjectNode)) throw new HoconException(at, "a value joins text, a list or an object with another kind");
        var joined = new ObjectNode(at);
        foreach (var part in solid) Merge(joined, field, (ObjectNode)part);
        return joined;
    }

    private static HoconNode Over(HoconPath? field, HoconNode? earlier, HoconNode value)
    {
        if (earlier is null) return value;
        switch (value)
        {
            case ObjectNode upper when earlier is ObjectNode lower:
                Merge(lower, field, upper);
                return lower;
            case ObjectNode when earlier is ScalarNode or ArrayNode:
            case ScalarNode:
                return value;
            case ArrayNode:
                return Bind(field, earlier, value);
            default:
                return new LayeredNode(earlier, Bind(field, earlier, value));
        }
    }

    // a += x means a = ${?a} [x]. With nothing here yet the earlier value may still come from a layer below.
    private static HoconNode Append(HoconPath? field, HoconNode? earlier, HoconNode item)
    {
        switch (earlier)
        {
            case null when field is null:
                return new ArrayNode(item.At, [item]);
            case null:
                return new ConcatenationNode(item.At, [new SubstitutionNode(item.At, field, field, optional: true, field), new ArrayNode(item.At, [item])]);
            case ArrayNode list:
                return Longer(list, Bind(field, earlier, item));
            case ConcatenationNode { Parts: [.. var first, ArrayNode last] }:
                return new ConcatenationNode(earlier.At, [.. first, Longer(last, Bind(field, earlier, item))]);
            default:
                return new ConcatenationNode(item.At, [earlier, new ArrayNode(item.At, [Bind(field, earlier, item)])]);
        }
    }

    private static ArrayNode Longer(ArrayNode list, HoconNode item) =>
        list.Items.Count < HoconLimits.ListItems
            ? new ArrayNode(list.At, [.. list.Items, item])
            : throw new HoconException(item.At, $"a list of more than {HoconLimits.ListItems} items");

    private static HoconNode Bind(HoconPath? field, HoconNode earlier, HoconNode value) =>
        field is null ? value : Bind(field, earlier, value, new Dictionary<HoconNode, HoconNode>(ReferenceEqualityComparer.Instance));

    // Shared nodes are rewritten once: without the table a chain of doublings would be walked as the tree that it stands for.
    private static HoconNode Bind(HoconPath field, HoconNode earlier, HoconNode value, Dictionary<HoconNode, HoconNode> done)
    {
        if (done.TryGetValue(value, out var bound)) return bound;
        HoconNode Inner(HoconNode node) => Bind(field, earlier, node, done);
        bound = value switch
        {
            SubstitutionNode s when s.Owner?.SameAs(field) == true && s.RefersToOwner => new EarlierNode(s, earlier),
            EarlierNode e => new EarlierNode(e.Substitution, Inner(e.Below)),
            ConcatenationNode c => new ConcatenationNode(c.At, [.. c.Parts.Select(Inner)]),
            ArrayNode a => new ArrayNode(a.At, [.. a.Items.Select(Inner)]),
            LayeredNode l => new LayeredNode(Inner(l.Lower), Inner(l.Upper)),
            _ => value,
        };
        done.Add(value, bound);
        return bound;
    }
}
