namespace ActorRing.Compute.Tokenizers.Patterns;

/// <summary>Turns a <see cref="PatternTree"/> into linked nodes, from the end of the pattern to its start.</summary>
internal static class PatternLinker
{
    public const int MaxGroupTurns = 64;

    public static PatternNode Link(PatternTree tree, PatternNode next) => tree switch
    {
        PatternTree.One one => new OneNode(one.Set, next),
        PatternTree.Run run => run.Parts.Reverse().Aggregate(next, (tail, part) => Link(part, tail)),
        PatternTree.Choice choice => new ChoiceNode([.. choice.Branches.Select(branch => Link(branch, next))]),
        PatternTree.Atomic atomic => new AtomicNode(Link(atomic.Body, new EndNode()), next),
        PatternTree.Anchor anchor => new AnchorNode(anchor.Kind, next),
        PatternTree.Look { Ahead: true } look => new LookAheadNode(Link(look.Body, new EndNode()), look.Negated, next),
        PatternTree.Look look => new LookBehindNode(Link(look.Body, new EndNode()), look.Body.FixedLength()!.Value, look.Negated, next),
        PatternTree.Repeat { Body: PatternTree.One one } repeat => new RepeatSetNode(one.Set, repeat.Min, repeat.Max, repeat.Appetite, next),
        PatternTree.Repeat { Appetite: Appetite.Possessive } repeat =>
            new AtomicNode(LinkGroup(repeat with { Appetite = Appetite.Greedy }, new EndNode()), next),
        PatternTree.Repeat repeat => LinkGroup(repeat, next),
        _ => throw new InvalidOperationException($"no node for {tree.GetType().Name}"),
    };

    private static PatternNode LinkGroup(PatternTree.Repeat repeat, PatternNode next)
    {
        var lazy = repeat.Appetite == Appetite.Lazy;
        var tail = next;
        if (repeat.Max == PatternTree.Unbounded)
        {
            var loop = new RepeatGroupNode(lazy, next);
            loop.Body = Link(repeat.Body, loop);
            tail = loop;
        }
        else
        {
            for (var turn = repeat.Min; turn < repeat.Max; turn++)
            {
                var taken = Link(repeat.Body, tail);
                tail = new ChoiceNode(lazy ? [next, taken] : [taken, next]);
            }
        }

        for (var turn = 0; turn < repeat.Min; turn++) tail = Link(repeat.Body, tail);
        return tail;
    }
}
