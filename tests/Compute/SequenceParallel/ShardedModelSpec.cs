using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Specs.Model;
using ActorRing.Compute.Training;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.SequenceParallel;

/// <summary>A whole model on several ranks against the same model on one: loss, gradient of every parameter, and fifty updates.</summary>
public class ShardedModelSpec
{
    private const int Tokens = 53;
    private const int Batch = 2;

    public static TheoryData<string, int> Cases => new()
    {
        { "ring", 2 }, { "ring", 3 }, { "zigzag", 4 }, { "stripe", 3 }, { "double-ring", 4 }, { "lightseq", 4 }, { "all-gather", 3 }, { "ulysses", 4 }, { "usp", 4 }, { "data_parallel", 2 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_of_several_ranks_must_equal_those_of_one(string mode, int ranks)
    {
        var alone = Train(steps: 1).Gradients;
        var together = TrainTogether(mode, ranks, steps: 1).Gradients;

        Assert.Equal(together[0], together[^1]);
        Assert.InRange(AttentionResults.Error(alone, together[0]), 0, 1e-4);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Fifty_steps_of_several_ranks_must_follow_those_of_one(string mode, int ranks)
    {
        var alone = Train(steps: 50).Losses;
        var together = TrainTogether(mode, ranks, steps: 50).Losses;

        Assert.True(alone[^1] < alone[0] - 1, "nothing was learnt");
        Assert.All(alone.Zip(together), pair => Assert.InRange(Math.Abs(pair.First - pair.Second) / pair.First, 0, 1e-5));
    }

    [Fact]
    public void Comparison_must_notice_positions_that_begin_anew_on_every_rank()
    {
        var alone = Train(steps: 1).Gradients;
        var together = TrainTogether("ring", 3, steps: 1, spoil: (problem, config) => problem.Model.SetRotary(config)).Gradients;

        Assert.True(AttentionResults.Error(alone, together[0]) > 1e-3);
    }

    private static (float[] Gradients, double[] Losses) Train(int steps)
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        using var problem = new ModelProblem(device, TinyModels.Llama(), RecomputePolicy.SelectivePlusPlus, Batch, Tokens, documents: true);
        return Train(problem, new SingleRank(), steps);
    }

    // data_parallel: each rank has one of the two rows.
    private static (float[][] Gradients, double[] Losses) TrainTogether(string mode, int ranks, int steps, Action<ModelProblem, Compute.Model.Config.LlamaConfig>? spoil = null)
    {
        var config = TinyModels.Llama();
        var plan = new PlanRequest
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
        var layout = plan.SequenceLayout();
        var meeting = new InMemoryRendezvous();
        var gradients = new float[ranks][];
        var losses = Array.Empty<double>();
        RankThreads.Run(ranks, rank =>
        {
            using var device = NativeBackend.LoadCpu().Open(1);
            using var all = Communicator.Connect(new CommunicatorOptions { Transport = TransportKind.Loopback, Name = "all", Secret = new byte[32] }, rank, ranks, 1, meeting);
            using var group = new CommunicatorGroup(device, all);
            var isReplica = plan.Mesh.DataParallel > 1;
            using var links = isReplica ? null : RankLinks.Connect(meeting, new SequenceRank(rank), ranks);
            using var planned = isReplica ? null : new PlannedAttention(device, plan, new SequenceRank(rank), links!.Links);
            int[] positions = isReplica
                ? [.. Enumerable.Range(0, Tokens)]
                : [.. Enumerable.Range(0, (int)layout.Count(rank)).Select(row => (int)layout.PositionOf(rank, row))];
            using var problem = new ModelProblem(
                device, config, RecomputePolicy.SelectivePlusPlus, isReplica ? 1 : Batch, Tokens, isReplica ? new LocalAttention(device) : planned!, positions, documents: true);
            if (isReplica)
            {
                problem.TakeRow(rank, Batch);
            }

            spoil?.Invoke(problem, config);
            var (mine, course) = Train(problem, group, steps);
            gradients[rank] = mine;
            if (rank == 0)
            {
                losses = course;
            }
        });
        return (gradients, losses);
    }

    private static (float[] Gradients, double[] Losses) Train(ModelProblem problem, IUpdateGroup group, int steps)
    {
        using var optimizer = new AdamW(problem.Parameters, new AdamWOptions(), group.OwnedOf(problem.Parameters.Layout.Shards));
        var step = new TrainingStep(problem.Parameters, problem.Model, problem.Gradients, optimizer, group);
        var losses = Enumerable.Range(0, steps).Select(i => step.Run(new TrainStep(i), [problem.Batch], 3e-3).Loss).ToArray();
        group.Gather(problem.Gradients.Shards, problem.Gradients.Views.Flat);
        var gradients = new float[problem.Gradients.Views.Flat.Count];
        problem.Parameters.Device.Read<float>(problem.Gradients.Views.Flat, gradients);
        return (gradients, losses);
    }
}
