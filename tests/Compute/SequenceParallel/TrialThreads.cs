using ActorRing.Actors.Ids;
using ActorRing.Compute.Communication;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.SequenceParallel;

/// <summary>Attention trials solved by ranks as threads of this process.</summary>
internal static class TrialThreads
{
    internal static AttentionResults Alone(AttentionTrial trial)
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        return trial.Alone(device);
    }

    /// <returns>Results of all ranks together, and what the two communicators of each counted.</returns>
    internal static (AttentionResults Results, CommunicationCounters[] Counters) Together(AttentionTrial trial, TransportKind transport = TransportKind.Loopback)
    {
        var plan = trial.Plan;
        var layout = plan.SequenceLayout();
        var results = new AttentionResults(plan);
        var counters = new CommunicationCounters[2 * plan.Mesh.SequenceRanks];
        var meeting = new InMemoryRendezvous();
        RankThreads.Run(plan.Mesh.SequenceRanks, rank =>
        {
            using var device = NativeBackend.LoadCpu().Open(1);
            using var links = RankLinks.Connect(meeting, new SequenceRank(rank), plan.Mesh.SequenceRanks, transport);
            using var attention = new PlannedAttention(device, plan, new SequenceRank(rank), links.Links);
            var rows = Enumerable.Range(0, (int)layout.Count(rank)).Select(row => layout.PositionOf(rank, row)).ToArray();
            var part = trial.Solve(device, attention, rows);
            Assert.InRange(attention.StagingBytes, 1, StagingPlan.BytesOf(plan, new SequenceRank(rank)));
            lock (results)
            {
                results.Put(part, rows);
            }

            (counters[2 * rank], counters[(2 * rank) + 1]) = (links.Blocks.Counters, links.Results.Counters);
        });
        return (results, counters);
    }
}
