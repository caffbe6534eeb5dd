namespace ActorRing.Cluster.Cli.Partitions;

/// <summary>How a network is divided.</summary>
internal enum PartitionKind
{
    /// <summary>One rank from everybody.</summary>
    Rank,

    /// <summary>The seed from everybody.</summary>
    Seed,

    /// <summary>Two groups from each other.</summary>
    Halves,

    /// <summary>What one says does not arrive, at one other or at all; what they say does.</summary>
    OneWay,

    /// <summary>Two ranks from each other: both have the seed.</summary>
    Data,

    /// <summary>Several links, cut one after the other and healed in another order.</summary>
    Swizzled,
}

/// <summary>A change of some links.</summary>
/// <param name="At">Since the first.</param>
/// <param name="IsCut">Whether they are cut; healed otherwise.</param>
/// <param name="Links">Between roles: 0 is the seed, then come the ranks, then spares.</param>
/// <param name="Unplugged">The role whose cable is pulled or put in instead, where that is how.</param>
internal sealed record PartitionStep(TimeSpan At, bool IsCut, IReadOnlyList<NetworkLink> Links, int? Unplugged = null);

/// <summary>One partition from its first cut to its last healing.</summary>
/// <param name="Kind">What is cut off from what.</param>
/// <param name="Steps">In their order.</param>
internal sealed record Partition(PartitionKind Kind, IReadOnlyList<PartitionStep> Steps)
{
    private const int ShortestMs = 500;
    private const int LongestMs = 3000;
    private static readonly PartitionKind[] Kinds = Enum.GetValues<PartitionKind>();

    /// <summary>From the first cut to the last healing.</summary>
    internal TimeSpan Lasts => Steps[^1].At;

    /// <summary>Partitions without end: each kind once before any comes again, everything else at random.</summary>
    /// <param name="ranks">Of the job, at least 2.</param>
    /// <param name="spares">Members beyond them.</param>
    /// <param name="rngSeed">The same seed, the same partitions.</param>
    internal static IEnumerable<Partition> Series(int ranks, int spares, int rngSeed)
    {
        var random = new Random(rngSeed);
        while (true)
        {
            var kinds = Kinds.ToArray();
            random.Shuffle(kinds);
            foreach (var kind in kinds)
            {
                yield return Draw(kind, ranks, 1 + ranks + spares, random);
            }
        }
    }

    private static Partition Draw(PartitionKind kind, int ranks, int roles, Random random)
    {
        var lasts = TimeSpan.FromMilliseconds(random.Next(ShortestMs, LongestMs + 1));
        var order = Enumerable.Range(0, roles).ToArray();
        random.Shuffle(order);
        var rank = 1 + random.Next(ranks);
        var isUnplugged = random.Next(2) == 0;
        switch (kind)
        {
            case PartitionKind.Rank or PartitionKind.Seed:
                var lone = kind == PartitionKind.Seed ? 0 : rank;
                return AtOnce(kind, lasts, [.. order.Where(role => role != lone).SelectMany(role => Both(lone, role))], isUnplugged ? lone : null);
            case PartitionKind.Halves:
                return AtOnce(kind, lasts, [.. order[..(roles / 2)].SelectMany(one => order[(roles / 2)..].SelectMany(other => Both(one, other)))]);
            case PartitionKind.OneWay:
                return AtOnce(kind, lasts, [.. (isUnplugged ? order[1..] : order[1..2]).Select(other => new NetworkLink(order[0], other))]);
            case PartitionKind.Data:
                return AtOnce(kind, lasts, [.. Both(rank, 1 + ((rank + random.Next(ranks - 1)) % ranks))]);
            default:
                return Swizzle(lasts, order, random);
        }
    }

    private static Partition AtOnce(PartitionKind kind, TimeSpan lasts, IReadOnlyList<NetworkLink> links, int? unplugged = null) =>
        new(kind, [new PartitionStep(TimeSpan.Zero, true, links, unplugged), new PartitionStep(lasts, false, links, unplugged)]);

    // Cut within the first half of the time, healed within the second.
    private static Partition Swizzle(TimeSpan lasts, int[] roles, Random random)
    {
        NetworkLink[] pairs = [.. roles.SelectMany(one => roles.Where(other => other > one).Select(other => new NetworkLink(one, other)))];
        random.Shuffle(pairs);
        pairs = pairs[..random.Next(2, pairs.Length)];
        var cuts = pairs.Select((pair, at) => new PartitionStep(lasts * (0.5 * at / pairs.Length), true, [.. Both(pair.From, pair.To)])).ToList();
        random.Shuffle(pairs);
        var heals = pairs.Select((pair, at) => new PartitionStep(lasts * (0.5 + (0.5 * (at + 1) / pairs.Length)), false, [.. Both(pair.From, pair.To)]));
        return new Partition(PartitionKind.Swizzled, [.. cuts, .. heals]);
    }

    private static IEnumerable<NetworkLink> Both(int one, int other) => [new NetworkLink(one, other), new NetworkLink(other, one)];
}
