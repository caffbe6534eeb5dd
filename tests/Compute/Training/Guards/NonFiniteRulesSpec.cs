using ActorRing.Actors.Ids;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.Specs.Communication;
using ActorRing.Compute.Specs.Model;
using ActorRing.Compute.Training;
using ActorRing.Compute.Training.Guards;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Training.Guards;

/// <summary>What becomes of an update whose loss or gradient is not finite.</summary>
public class NonFiniteRulesSpec
{
    private const int Injections = 1000;
    private const double LearningRate = 3e-3;

    // The bar: 1,000 of 1,000, before the update, and all ranks say the same.
    [Fact]
    public void Every_one_of_a_thousand_NaNs_and_infinities_in_a_gradient_must_be_found_before_the_update_by_all_ranks_alike()
    {
        const int Ranks = 2;
        var verdicts = new string[Ranks, Injections];
        RankGroup.Run(RankGroup.Options(TransportKind.Loopback), Ranks, self =>
        {
            using var all = new CommunicatorGroup(self.Device, self.Communicator);
            var group = new SpoilingGroup(all);
            using var problem = new ModelProblem(self.Device, TinyModels.Llama(), RecomputePolicy.None, batch: 1, tokens: 4);
            using var optimizer = new AdamW(problem.Parameters, new AdamWOptions(), group.OwnedOf(problem.Parameters.Layout.Shards));
            var step = new TrainingStep(problem.Parameters, problem.Model, problem.Gradients, optimizer, group);
            var before = Bits(problem);
            var random = new Random(5); // the same on both: they agree on who is spoilt
            for (var at = 0; at < Injections; at++)
            {
                var (spoilt, element, value) = (random.Next(Ranks), random.NextInt64(before.Length), Values[random.Next(Values.Length)]);
                group.Spoil = flat =>
                {
                    if (group.Rank == spoilt)
                    {
                        self.Device.Write<float>([value], flat.Slice(0, element, 1));
                    }
                };
                verdicts[group.Rank, at] = Assert.Throws<NonFiniteException>(() => step.Run(new TrainStep(at), [problem.Batch], LearningRate)).Message;
            }

            Assert.Equal(0, optimizer.Updates);
            Assert.Equal(before, Bits(problem));
        });
        Assert.All(Enumerable.Range(0, Injections), at => Assert.Equal(verdicts[0, at], verdicts[1, at]));
    }

    [Theory]
    [InlineData(NonFinitePolicy.Retry)]
    [InlineData(NonFinitePolicy.Skip)]
    public void Update_must_end_in_the_same_bits_as_an_undisturbed_one_when_the_fault_does_not_come_again(NonFinitePolicy policy)
    {
        var undisturbed = Train(policy, _ => 0);
        var disturbed = Train(policy, step => step == 1 ? 1 : 0);
        Assert.Equal(undisturbed.Weights, disturbed.Weights);
        Assert.Equal(undisturbed.Results, disturbed.Results);
        Assert.Empty(undisturbed.Told);
        Assert.Equal([$"step 2: gradient of model.embed_tokens.weight is NaN, must be finite; the update was not made: it is computed once more"], disturbed.Told);
    }

    [Fact]
    public void Update_must_be_left_out_and_counted_when_it_is_not_finite_a_second_time_and_the_rule_is_skip()
    {
        var disturbed = Train(NonFinitePolicy.Skip, step => step == 1 ? 2 : 0);
        Assert.Equal([false, true, false], disturbed.Results.Select(result => result.Tokens == 0));
        Assert.Equal(3, disturbed.Updates);
        Assert.Equal(disturbed.After[0], disturbed.After[1]);
        Assert.NotEqual(disturbed.After[1], disturbed.After[2]);
        Assert.Equal(2, disturbed.Told.Count);
        Assert.EndsWith("a second time: it is left out", disturbed.Told[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(NonFinitePolicy.Stop, 1, 0)]
    [InlineData(NonFinitePolicy.Retry, 2, 1)]
    public void Update_must_fail_and_change_nothing_when_the_rules_leave_nothing_else_to_try(NonFinitePolicy policy, int faults, int told)
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        using var rig = new Rig(device, policy);
        var before = Bits(rig.Problem);
        rig.Faults = faults;
        Assert.Throws<NonFiniteException>(() => rig.Run(0));
        Assert.Equal(before, Bits(rig.Problem));
        Assert.Equal((0L, told), (rig.Optimizer.Updates, rig.Told.Count));
    }

    private static readonly float[] Values = [float.NaN, float.PositiveInfinity, float.NegativeInfinity];

    private static Course Train(NonFinitePolicy policy, Func<int, int> faultsOf)
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        using var rig = new Rig(device, policy);
        List<StepResult> results = [];
        List<int[]> after = [];
        for (var step = 0; step < 3; step++)
        {
            rig.Faults = faultsOf(step);
            results.Add(rig.Run(step));
            after.Add(Bits(rig.Problem));
        }

        return new Course(after[^1], results, after, rig.Optimizer.Updates, rig.Told);
    }

    private static int[] Bits(ModelProblem problem)
    {
        var bits = new int[problem.Parameters.Master.Flat.Count];
        problem.Parameters.Device.Read<int>(problem.Parameters.Master.Flat, bits);
        return bits;
    }

    private sealed record Course(int[] Weights, List<StepResult> Results, List<int[]> After, long Updates, List<string> Told);

    private sealed class Rig : IDisposable
    {
        private readonly GuardedStep _step;

        internal Rig(ComputeDevice device, NonFinitePolicy policy)
        {
            var group = new SpoilingGroup(new SingleRank())
            {
                Spoil = flat =>
                {
                    if (Faults-- > 0)
                    {
                        device.Write<float>([float.NaN], flat.Slice(0, 0, 1));
                    }
                },
            };
            Problem = new ModelProblem(device, TinyModels.Llama(), RecomputePolicy.None, batch: 1, tokens: 6);
            Optimizer = new AdamW(Problem.Parameters, new AdamWOptions());
            _step = new GuardedStep(new TrainingStep(Problem.Parameters, Problem.Model, Problem.Gradients, Optimizer, group), policy, Told.Add);
        }

        internal ModelProblem Problem { get; }

        internal AdamW Optimizer { get; }

        internal List<string> Told { get; } = [];

        /// <summary>Gradients that will be spoilt.</summary>
        internal int Faults { get; set; }

        public void Dispose()
        {
            Optimizer.Dispose();
            Problem.Dispose();
        }

        internal StepResult Run(int step) => _step.Run(new TrainStep(step), [Problem.Batch], LearningRate);
    }
}
