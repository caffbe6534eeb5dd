namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>
/// Follows substitutions. A target is looked up field by field through what is not yet known, so that two fields of one object may mention each
/// other; only a value that needs itself is a circle. Unknown targets are asked of the environment last.
/// </summary>
internal sealed class HoconResolver(ObjectNode root, Func<string, string?> environment, HoconLimits limits)
{
    private enum Shape { Nothing, Object, Other }

    private readonly Dictionary<HoconNode, HoconValue?> done = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<HoconNode> underWay = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<HoconNode> lookedThrough = new(ReferenceEqualityComparer.Instance);
    private readonly List<SubstitutionNode> trail = [];
    private int depth;
    private int steps;

    /// <summary>Every target that was mentioned.</summary>
    public List<HoconPath> Followed { get; } = [];

    /// <exception cref="HoconException">A required target is unknown, targets go in a circle, kinds do not join, or a limit is reached.</exception>
    public HoconObject ResolveRoot() => (HoconObject)Resolve(root)!;

    /// <returns>The value; null for an optional substitution of nothing.</returns>
    private HoconValue? Resolve(HoconNode node)
    {
        if (done.TryGetValue(node, out var value)) return value;
        if (!underWay.Add(node)) throw Circle(node);
        Enter(node);
        value = node switch
        {
            ScalarNode s => new HoconScalar(s.At, s.Text, s.Quoted),
            ObjectNode o => ResolveObject(o),
            ArrayNode a => new HoconArray(a.At, [.. a.Items.Select(Resolve).OfType<HoconValue>()]),
            SubstitutionNode s => ResolveSubstitution(s, Target(s)),
            EarlierNode e => ResolveSubstitution(e.Substitution, Target(e)),
            ConcatenationNode c => ResolveConcatenation(c),
            LayeredNode l => ResolveLayers(l),
            _ => throw new InvalidOperationException(node.GetType().Name),
        };
        depth--;
        if (value?.Size > limits.Values) throw new HoconException(node.At, $"more than {limits.Values} values");
        underWay.Remove(node);
        done.Add(node, value);
        return value;
    }

    private HoconObject ResolveObject(ObjectNode node)
    {
        var fields = new OrderedDictionary<string, HoconValue>(StringComparer.Ordinal);
        foreach (var (key, field) in node.Fields)
        {
            if (Resolve(field) is { } value) fields.Add(key, value);
        }

        return new HoconObject(node.At, fields);
    }

    private HoconValue? ResolveSubstitution(SubstitutionNode node, HoconNode? target)
    {
        Followed.Add(node.Target);
        if (target is not null)
        {
            trail.Add(node);
            var value = Resolve(target);
            trail.RemoveAt(trail.Count - 1);

            // A text is at fault where it was asked for as much as where it was written; the first is what the reader of a job file has open.
            if (value is HoconScalar scalar) return new HoconScalar(node.At, scalar.Text, scalar.Quoted);
            if (value is not null) return value;
        }

        if (environment(node.Written.ToString()) is { } text) return new HoconScalar(node.At, text, quoted: true);
        if (node.Optional) return null;
        throw new HoconException(node.At, node.RefersToOwner && target is null
            ? $"{node} mentions its own key, which has no earlier value"
            : $"{node} is not defined: neither a key of the settings nor an environment variable");
    }

    private HoconValue? ResolveLayers(LayeredNode node)
    {
        var upper = Resolve(node.Upper);
        if (upper is null) return Resolve(node.Lower);
        return upper is HoconObject over && ShapeOf(node.Lower) == Shape.Object ? Join((HoconObject)Resolve(node.Lower)!, over) : upper;
    }

    private HoconValue? ResolveConcatenation(ConcatenationNode node)
    {
        var parts = new List<(HoconNode Node, HoconValue? Value)>();
        foreach (var part in node.Parts) parts.Add((part, part is SpaceNode ? null : Resolve(part)));
        var values = parts.Select(part => part.Value).OfType<HoconValue>().ToList();
        if (values.Count == 0) return null;
        if (values.TrueForAll(value => value is HoconObject)) return values.Cast<HoconObject>().Aggregate(Join);
        if (values.TrueForAll(value => value is HoconArray)) return new HoconArray(node.At, [.. values.Cast<HoconArray>().SelectMany(array => array.Items)]);
        if (values.Find(value => value is not HoconScalar) is { } odd)
            throw new HoconException(node.At, $"a value joins {values.First(value => value.GetType() != odd.GetType()).Kind} with {odd.Kind}");
        if (values.Sum(value => (long)((HoconScalar)value).Text.Length) > limits.StringLength)
            throw new HoconException(node.At, $"a text of more than {limits.StringLength} characters");
        if (values.Count == 1) return new HoconScalar(node.At, ((HoconScalar)values[0]).Text, ((HoconScalar)values[0]).Quoted);
        return new HoconScalar(node.At, string.Concat(parts.Select(part => part.Node is SpaceNode space ? space.Text : (part.Value as HoconScalar)?.Text)),
            quoted: true);
    }

    private HoconObject Join(HoconObject lower, HoconObject upper)
    {
        Enter(null);
        var fields = new OrderedDictionary<string, HoconValue>(lower.Fields, StringComparer.Ordinal);
        foreach (var (key, value) in upper.Fields)
        {
            fields[key] = value is HoconObject over && lower.Fields.GetValueOrDefault(key) is HoconObject under ? Join(under, over) : value;
        }

        depth--;
        return new HoconObject(upper.At, fields);
    }

    private HoconNode? Target(SubstitutionNode node)
    {
        // Left unbound by the layers, so there is no earlier value: following it would only find the field itself.
        if (node.RefersToOwner && node.Target.SameAs(node.Owner!)) return null;
        return Find(node, root, node.Target.Keys.AsSpan()) ?? (node.Written.SameAs(node.Target) ? null : Find(node, root, node.Written.Keys.AsSpan()));
    }

    private HoconNode? Target(EarlierNode node) => Find(node.Substitution, node.Below, node.Rest);

    private HoconNode? Find(SubstitutionNode asking, HoconNode start, ReadOnlySpan<string> keys)
    {
        var found = start;
        trail.Add(asking);
        foreach (var key in keys)
        {
            if (Field(found, key) is not { } next)
            {
                trail.RemoveAt(trail.Count - 1);
                return null;
            }

            found = next;
        }

        trail.RemoveAt(trail.Count - 1);
        return found;
    }

    // The field of a node that may not be known yet, without resolving its siblings.
    private HoconNode? Field(HoconNode node, string key)
    {
        Enter(node);
        var field = node switch
        {
            ObjectNode o => o.Fields.GetValueOrDefault(key),
            LayeredNode l => FieldOfLayers(l, key),
            ConcatenationNode c => c.Parts.Where(part => ShapeOf(part) == Shape.Object).Select(part => Field(part, key)).Aggregate((HoconNode?)null, Over),
            SubstitutionNode or EarlierNode => Through(node, target => target is null ? null : Field(target, key)),
            _ => null,
        };
        depth--;
        return field;
    }

    private HoconNode? FieldOfLayers(LayeredNode node, string key)
    {
        var shape = ShapeOf(node.Upper);
        if (shape == Shape.Other) return null;
        var lower = ShapeOf(node.Lower) == Shape.Object ? Field(node.Lower, key) : null;
        return shape == Shape.Nothing ? lower : Over(lower, Field(node.Upper, key));
    }

    private static HoconNode? Over(HoconNode? lower, HoconNode? upper) =>
        upper is null or ScalarNode or ArrayNode ? upper ?? lower : lower is null ? upper : new LayeredNode(lower, upper);

    private Shape ShapeOf(HoconNode node)
    {
        Enter(node);
        var shape = node switch
        {
            ObjectNode => Shape.Object,
            ScalarNode or ArrayNode => Shape.Other,
            LayeredNode l => ShapeOf(l.Upper) is not Shape.Nothing and var upper ? upper : ShapeOf(l.Lower),
            ConcatenationNode c => c.Parts.Select(ShapeOf).FirstOrDefault(part => part != Shape.Nothing),
            SubstitutionNode or EarlierNode => Through(node, target =>
                (target is null ? Shape.Nothing : ShapeOf(target)) is not Shape.Nothing and var found ? found
                : environment(((node as SubstitutionNode) ?? ((EarlierNode)node).Substitution).Written.ToString()) is null ? Shape.Nothing : Shape.Other),
            _ => Shape.Nothing,
        };
        depth--;
        return shape;
    }

    // Looking through a substitution that is being looked through already would never end.
    private T Through<T>(HoconNode node, Func<HoconNode?, T> look)
    {
        if (!lookedThrough.Add(node)) throw Circle(node);
        var result = look(node is SubstitutionNode s ? Target(s) : Target((EarlierNode)node));
        lookedThrough.Remove(node);
        return result;
    }

    private HoconException Circle(HoconNode node)
    {
        var steps = trail.Select(step => step.ToString()).Distinct().ToList();
        var at = trail.Count > 0 ? trail[^1].At : node.At;
        return new HoconException(at, $"substitutions go in a circle: {string.Join(" -> ", steps.Take(8))}{(steps.Count > 8 ? " -> …" : "")}");
    }

    private void Enter(HoconNode? node)
    {
        var at = node?.At ?? root.At;
        if (++depth > limits.ResolveDepth) throw new HoconException(at, $"substitutions nest deeper than {limits.ResolveDepth}");
        if (++steps > limits.ResolveSteps) throw new HoconException(at, $"substitutions need more than {limits.ResolveSteps} look-ups");
    }
}
