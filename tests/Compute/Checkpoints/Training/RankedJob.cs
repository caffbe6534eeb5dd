using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Checkpoints.Training;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Specs.Model;
using ActorRing.Compute.Specs.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Checkpoints.Training;

/// <summary>A job on ranks as threads of this process: loads a checkpoint if asked, trains, saves a checkpoint.</summary>
internal static class RankedJob
{
    private const int Tokens = 52;
    private const int Batch = 2;

    /// <summary>Goes from one number of updates to another.</summary>
    /// <param name="checkpoints">Where from and where to.</param>
    /// <param name="mode">How the ranks share the sequence.</param>
    /// <param name="ranks">How many.</param>
    /// <param name="epoch">Their incarnation.</param>
    /// <param name="from">Updates in the checkpoint to load; 0 for none.</param>
    /// <param name="to">Updates in the one to save.</param>
    internal static Course Run(TrainingCheckpoints checkpoints, string mode, int ranks, RingEpoch epoch, int from, int to)
    {
        var plan = Plan(mode, ranks);
        var meeting = new InMemoryRendezvous();
        var receipts = new ShardReceipt[ranks];
        var (loaded, saved) = (new StateDigest[ranks], new StateDigest[ranks]);
        var losses = new List<double>();
        RankThreads.Run(ranks, rank =>
        {
            using var device = NativeBackend.LoadCpu().Open(1);
            using var all = Communicator.Connect(new CommunicatorOptions { Transport = TransportKind.Loopback, Name = "all", Secret = new byte[32] }, rank, ranks, 1, meeting);
            using var group = new CommunicatorGroup(device, all);
            using var links = RankLinks.Connect(meeting, new SequenceRank(rank), ranks);
            using var attention = new PlannedAttention(device, plan, new SequenceRank(rank), links.Links);
            var layout = plan.SequenceLayout();
            int[] positions = [.. Enumerable.Range(0, (int)layout.Count(rank)).Select(row => (int)layout.PositionOf(rank, row))];
            using var problem = new ModelProblem(device, TinyModels.Llama(), RecomputePolicy.SelectivePlusPlus, Batch, Tokens, attention, positions, documents: true);
            using var optimizer = new AdamW(problem.Parameters, new AdamWOptions(), group.OwnedOf(problem.Parameters.Layout.Shards));
            var state = new TrainingState(problem.Parameters, optimizer, group);
            loaded[rank] = from > 0 ? checkpoints.Restore(from, state) : state.Digest();
            var step = new TrainingStep(problem.Parameters, problem.Model, problem.Gradients, optimizer, group);
            for (var i = from; i < to; i++)
            {
                var loss = step.Run(new TrainStep(i), [problem.Batch], 3e-3).Loss;
                if (rank == 0)
                {
                    losses.Add(loss);
                }
            }

            saved[rank] = state.Digest();
            receipts[rank] = checkpoints.WriteShard(state, to, epoch);
        });
        Assert.Single(loaded.Distinct());
        Assert.Single(saved.Distinct());
        return new Course(loaded[0], saved[0], losses, new CheckpointManifest
        {
            Job = "job-1",
            Epoch = epoch,
            StepsDone = to,
            Digest = saved[0],
            Shards = [.. receipts],
            Model = ModelDims.Of(TinyModels.Llama()),
            Cursor = new DataCursor("only", to),
            OptimizerUpdates = to,
            DataSeeds = [7, -9],
            Mode = mode,
            PlanHash = plan.Hash(),
        });
    }

    private static SequenceParallelPlan Plan(string mode, int ranks)
    {
        var config = TinyModels.Llama();
        return new PlanRequest
        {
            Mode = mode,
            Ranks = ranks,
            Tokens = Tokens,
            Batch = Batch,
            QueryHeads = config.NumAttentionHeads,
            KeyHeads = config.NumKeyValueHeads,
            HeadSize = config.HeadDim,
            LayerWindows = [0, 0],
        }.Resolve();
    }
}

/// <summary>What a run of the job came to.</summary>
internal sealed record Course(StateDigest Loaded, StateDigest Saved, IReadOnlyList<double> Losses, CheckpointManifest Manifest);
