using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>What plans give each rank to compute, beside the others.</summary>
internal static class PlannedWork
{
    /// <summary>How many times as long as most others a rank may take by plan, by global rank; at least 1.</summary>
    /// <remarks>
    /// Outside of attention time goes with tokens, in attention with visible pairs, and which counts more depends on the model: the greater share is taken, of the stage in which
    /// it is greatest, over the rank's speed and beside the median rank. So it is a bound, and for a rank that has less to do than others a loose one. Cost: O(ranks log ranks).
    /// </remarks>
    internal static ImmutableArray<double> MostOf(PreparedPlan plan)
    {
        var most = new double[plan.Plan.Mesh.Ranks];
        most.AsSpan().Fill(1);
        foreach (var stage in plan.Stages)
        {
            var (mesh, ring, sequence) = (stage.Mesh, stage.RingLayout(), stage.SequenceLayout());
            var (tokens, pairs) = (new double[mesh.SequenceRanks], new double[mesh.SequenceRanks]);
            for (var rank = 0; rank < mesh.SequenceRanks; rank++)
            {
                var place = mesh.RingRankOf(new(rank)).Index;
                tokens[rank] = (double)sequence.Count(rank) / stage.Speeds[place];
                pairs[rank] = stage.IsCausal ? CausalPairs(ring.Runs(place)) / stage.Speeds[place] : tokens[rank];
            }

            var (usualTokens, usualPairs) = (MedianOf(tokens), MedianOf(pairs));
            for (var rank = 0; rank < mesh.SequenceRanks; rank++)
            {
                var times = Math.Max(tokens[rank] / usualTokens, pairs[rank] / usualPairs);
                for (var replica = 0; replica < mesh.DataParallel; replica++)
                {
                    var at = mesh.GlobalRankOf(replica, new SequenceRank(rank)).Index;
                    most[at] = Math.Max(most[at], times);
                }
            }
        }

        return [.. most];
    }

    // Row at position p sees p + 1 keys.
    private static double CausalPairs(ImmutableArray<TokenRun> runs)
    {
        var pairs = 0.0;
        foreach (var run in runs)
        {
            pairs += run.Count * ((run.Start + run.Last) / 2.0 + 1);
        }

        return pairs;
    }

    // The lower one of two: the bound is greater then.
    private static double MedianOf(double[] values)
    {
        var sorted = (double[])values.Clone();
        Array.Sort(sorted);
        return sorted[(sorted.Length - 1) / 2];
    }
}
