using ActorRing.Actors.Ids;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Specs.Communication;
using ActorRing.Compute.Specs.Model;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Sharding;

/// <summary>The same gradients on any number of ranks: what they come to must be the same to the last bit.</summary>
public class ShardedOptimizerSpec
{
    private const int Updates = 3;
    private const string Spoilt = "model.layers.1.mlp.down_proj.weight";

    // Six shards: with eight ranks some own nothing, and the vectors lie within a shard of matrices.
    private static readonly ModelDims Small = new()
    {
        Layers = 2, Width = 16, Heads = 2, KvHeads = 1, HeadSize = 8, MlpWidth = 24, Vocabulary = 37, NormEpsilon = 1e-5, TiedEmbeddings = false, AttentionBias = true,
    };

    public static TheoryData<ElementType, int> Cases
    {
        get
        {
            var cases = new TheoryData<ElementType, int>();
            foreach (var ranks in new[] { 1, 2, 3, 5, 8 })
            {
                cases.Add(ElementType.Float32, ranks);
                cases.Add(ElementType.BFloat16, ranks);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Update_must_be_that_of_one_rank_bit_for_bit_on_every_rank(ElementType type, int ranks)
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        var alone = Update(device, type, new SingleRank());
        Assert.Equal(6, new ParameterLayout(Small).Shards.Count);

        var together = new Outcome[ranks];
        RankGroup.Run(RankGroup.Options(TransportKind.Loopback), ranks, self =>
        {
            using var group = new CommunicatorGroup(self.Device, self.Communicator);
            together[self.Communicator.Rank] = Update(self.Device, type, group);
        });

        Assert.All(together, outcome =>
        {
            Assert.Equal(alone.Weights, outcome.Weights);
            Assert.Equal(alone.Copy, outcome.Copy);
            Assert.Equal(alone.Norm, outcome.Norm);
            Assert.Equal(alone.Digest, outcome.Digest);
        });
        Assert.Equal(alone.MomentBytes, together.Sum(outcome => outcome.MomentBytes));
        Assert.Equal(8 * new ParameterLayout(Small).Shards.MostElements(ranks), together.Max(outcome => outcome.MomentBytes));
    }

    [Fact]
    public void Digest_must_notice_one_bit_of_a_weight_or_moment_and_the_number_of_updates()
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        using var parameters = new Parameters(device, Small, ElementType.Float32);
        Initialization.Fill(parameters, seed: 1, 0.02);
        using var optimizer = new AdamW(parameters, new AdamWOptions());
        var state = new TrainingState(parameters, optimizer, new SingleRank());
        var digests = new List<StateDigest> { state.Digest() };
        Assert.Equal(digests[0], state.Digest());

        foreach (var tensor in new[] { parameters.Master.Flat, optimizer.First, optimizer.Second })
        {
            foreach (var element in new[] { 0L, 1023, 1024, tensor.Count - 1 })
            {
                var place = tensor.Slice(0, element, 1);
                var was = new int[1];
                device.Read<int>(place, was);
                device.Write<int>([was[0] ^ 1], place);
                digests.Add(state.Digest());
                device.Write<int>(was, place);
            }
        }

        optimizer.Restore(1);
        digests.Add(state.Digest());

        Assert.Equal(digests.Count, digests.Distinct().Count());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Every_rank_must_name_the_same_parameter_and_change_nothing_when_one_gradient_is_not_finite(int spoiler)
    {
        var names = new string[3];
        RankGroup.Run(RankGroup.Options(TransportKind.Loopback), 3, self =>
        {
            using var group = new CommunicatorGroup(self.Device, self.Communicator);
            using var problem = new ModelProblem(self.Device, TinyModels.Llama(), RecomputePolicy.None, batch: 1, tokens: 6);
            using var optimizer = new AdamW(problem.Parameters, new AdamWOptions(), group.OwnedOf(problem.Parameters.Layout.Shards));
            if (self.Communicator.Rank == spoiler)
            {
                self.Device.Write<float>([float.NaN], problem.Gradients.Views.Of(problem.Slot(Spoilt)).Slice(0, 3, 1).Slice(1, 2, 1));
            }

            group.Reduce(problem.Gradients);

            Assert.False(double.IsFinite(problem.Gradients.Norm(group)));
            names[self.Communicator.Rank] = problem.Gradients.FirstNonFinite(group) ?? "none";
        });

        Assert.All(names, name => Assert.Equal(Spoilt, name));
    }

    [Fact]
    public void Step_must_refuse_an_optimiser_of_another_group()
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        using var problem = new ModelProblem(device, TinyModels.Llama(), RecomputePolicy.None, batch: 1, tokens: 6);
        using var optimizer = new AdamW(problem.Parameters, new AdamWOptions(), problem.Parameters.Layout.Shards.OwnedBy(0, 2));

        Assert.Throws<ArgumentException>(() => new TrainingStep(problem.Parameters, problem.Model, problem.Gradients, optimizer, new SingleRank()));
    }

    // Rank 0 has all of the gradient, so that the sum is exact whatever the number of ranks.
    private static Outcome Update(ComputeDevice device, ElementType type, IUpdateGroup group)
    {
        using var parameters = new Parameters(device, Small, type);
        Initialization.Fill(parameters, seed: 1, 0.02);
        using var gradients = new Gradients(parameters);
        using var optimizer = new AdamW(parameters, new AdamWOptions(), group.OwnedOf(parameters.Layout.Shards));
        var random = new Random(3);
        var norm = 0.0;
        for (var update = 0; update < Updates; update++)
        {
            var values = new float[parameters.Layout.Count];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = group.Rank == 0 ? (float)(random.NextDouble() - 0.5) : 0;
            }

            device.Write<float>(values, gradients.Views.Flat);
            group.Reduce(gradients);
            norm = gradients.Norm(group);
            optimizer.Update(gradients.Views, norm, 1e-2);
            group.Gather(parameters);
        }

        var weights = new int[parameters.Layout.Count];
        device.Read<int>(parameters.Master.Flat, weights);
        var copy = new short[type == ElementType.BFloat16 ? parameters.Layout.Count : 0];
        if (copy.Length > 0)
        {
            device.Read<short>(parameters.Compute.Flat, copy);
        }

        return new Outcome(weights, copy, norm, new TrainingState(parameters, optimizer, group).Digest(), optimizer.ByteCount);
    }

    private sealed record Outcome(int[] Weights, short[] Copy, double Norm, StateDigest Digest, long MomentBytes);
}
