using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Cli.Soak;

/// <summary>What a soak does to a cluster at a time.</summary>
internal enum SoakKind
{
    /// <summary>One rank's process, whatever it does.</summary>
    Rank,

    /// <summary>One rank's process at a certain place of an update.</summary>
    Point,

    /// <summary>One rank's process when it has written its shard of a TrainingCheckpoint.</summary>
    Checkpoint,

    /// <summary>Two ranks' processes at once.</summary>
    Pair,

    /// <summary>One rank's process, and another one's while the ring is formed again.</summary>
    Recovery,

    /// <summary>The seed's process.</summary>
    Seed,

    /// <summary>The seed's process and one rank's.</summary>
    SeedAndRank,
}

/// <summary>One trouble.</summary>
/// <param name="Kind">What.</param>
/// <param name="Rank">Whose process.</param>
/// <param name="Other">Whose else, where there are two.</param>
/// <param name="Point">Where, for <see cref="SoakKind.Point"/>.</param>
internal sealed record SoakTrouble(SoakKind Kind, int Rank, int Other, FaultPoint Point)
{
    private static readonly SoakKind[] Kinds = Enum.GetValues<SoakKind>();
    private static readonly FaultPoint[] Points = [FaultPoint.Begin, FaultPoint.Attention, FaultPoint.Rotation, FaultPoint.Backward, FaultPoint.Reduce, FaultPoint.Update];

    /// <summary>Processes that are killed.</summary>
    internal int Kills => Kind is SoakKind.Pair or SoakKind.Recovery or SoakKind.SeedAndRank ? 2 : 1;

    /// <summary>Troubles without end: each kind once before any comes again, ranks and places at random.</summary>
    internal static IEnumerable<SoakTrouble> Series(int ranks, int rngSeed)
    {
        var random = new Random(rngSeed);
        while (true)
        {
            var kinds = Kinds.ToArray();
            random.Shuffle(kinds);
            foreach (var kind in kinds)
            {
                var rank = random.Next(ranks);
                yield return new SoakTrouble(kind, rank, (rank + 1 + random.Next(ranks - 1)) % ranks, Points[random.Next(Points.Length)]);
            }
        }
    }
}
