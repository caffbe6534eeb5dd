using ActorRing.Actors.Ids;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Specs.Checkpoints.Training;
using ActorRing.Compute.Specs.Communication;
using ActorRing.Compute.Specs.Model;
using ActorRing.Compute.Training;
using ActorRing.Compute.Training.Guards;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Training.Guards;

/// <summary>Bits that flip in what a rank has of the state.</summary>
public class StateGuardSpec
{
    private const int Flips = 1000;

    // The bar: 1,000 of 1,000, and the right rank says so.
    [Fact]
    public void Every_one_of_a_thousand_flipped_bits_must_be_found_by_the_rank_that_has_it_and_by_no_other()
    {
        const int Ranks = 3;
        var found = new bool[Ranks, Flips];
        RankGroup.Run(RankGroup.Options(TransportKind.Loopback), Ranks, self =>
        {
            using var group = new CommunicatorGroup(self.Device, self.Communicator);
            using var sample = new SampleState(5, group, self.Device);
            var state = sample.State;
            state.Digest();
            var guard = new StateGuard(state);
            var random = new Random(3); // the same on all: they agree on who is hit
            for (var flip = 0; flip < Flips; flip++)
            {
                var (hit, kind, share, bit) = (random.Next(Ranks), random.Next(3), random.NextDouble(), random.Next(32));
                var part = kind switch { 0 => state.Parameters.Master.Flat, 1 => state.Optimizer.First, _ => state.Optimizer.Second };
                var element = (int)(share * part.Count);
                if (group.Rank == hit)
                {
                    part.HostSpan<int>()[element] ^= 1 << bit;
                }

                found[group.Rank, flip] = Record.Exception(() => guard.Require(new TrainStep(flip))) is StateCorruptException == (group.Rank == hit);
                if (group.Rank == hit)
                {
                    part.HostSpan<int>()[element] ^= 1 << bit;
                }
            }
        });
        Assert.All(found.Cast<bool>(), Assert.True);
    }

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.BFloat16)]
    public void Step_must_not_update_when_what_it_computed_with_has_changed_since_the_last_one(ElementType type)
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        using var problem = new ModelProblem(device, TinyModels.Llama(), RecomputePolicy.None, batch: 1, tokens: 6, documents: false, type);
        using var optimizer = new AdamW(problem.Parameters, new AdamWOptions());
        var state = new TrainingState(problem.Parameters, optimizer, new SingleRank());
        state.Digest();
        var step = new TrainingStep(problem.Parameters, problem.Model, problem.Gradients, optimizer, new SingleRank(), new StateGuard(state));
        step.Run(new TrainStep(0), [problem.Batch], 1e-3);
        var digest = state.Digest();
        step.Run(new TrainStep(1), [problem.Batch], 1e-3);
        Assert.NotEqual(digest, state.Digest());

        Flip(problem.Parameters.Compute, 7);
        var fault = Assert.Throws<StateCorruptException>(() => step.Run(new TrainStep(2), [problem.Batch], 1e-3));
        var what = type == ElementType.BFloat16 ? "the compute copy of the weights" : "the weights of shard 0";
        Assert.Equal($"step 3: {what} changed in memory since the update before; the update is not made", fault.Message);
        Assert.Equal(2, optimizer.Updates);

        Flip(problem.Parameters.Compute, 7);
        step.Run(new TrainStep(2), [problem.Batch], 1e-3);
        Assert.Equal(3, optimizer.Updates);
    }

    private static void Flip(ParameterViews weights, int element)
    {
        if (weights.Flat.Type == ElementType.BFloat16)
        {
            weights.Flat.HostSpan<ushort>()[element] ^= 1;
        }
        else
        {
            weights.Flat.HostSpan<uint>()[element] ^= 1;
        }
    }
}
