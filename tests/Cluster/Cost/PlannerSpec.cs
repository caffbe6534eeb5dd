using ActorRing.Actors.Plans.Cost;

namespace ActorRing.Cluster.Specs.Cost;

/// <summary>The choice, the refusal and what is offered instead.</summary>
public class PlannerSpec
{
    [Theory]
    [InlineData(65536, 8)]
    [InlineData(700000, 8)]
    [InlineData(131072, 6)]
    [InlineData(1000000, 32)]
    public void Planner_must_choose_the_fastest_of_what_fits(long tokens, int gpus)
    {
        var answer = Planner.Plan(Problem.Request(tokens, gpus));

        Assert.NotNull(answer.Chosen);
        Assert.True(answer.Chosen.Fit.Fits);
        Assert.True(answer.Chosen.Memory.DeviceBytes <= HardwareProfiles.A100With80.UsableBytes);
        Assert.Equal(gpus, answer.Chosen.Setting.Gpus);
        Assert.Equal(gpus * tokens, answer.Chosen.Setting.TokensPerUpdate);
        Assert.All(answer.Modes, outcome => Assert.False(
            outcome.Best is { Fit.Fits: true } best && best.Time.TokensPerSecond > answer.Chosen.Time.TokensPerSecond, $"{outcome.Mode}"));
    }

    [Fact]
    public void Planner_must_say_why_not_each_other_mode()
    {
        var answer = Planner.Plan(Problem.Request(262144, 16, Problem.Llama8B));

        foreach (var outcome in answer.Modes.Where(outcome => outcome.Mode != answer.Chosen!.Setting.Mode))
        {
            Assert.Contains(answer.Explanation, line => line.StartsWith(CostModes.NameOf(outcome.Mode) + " ", StringComparison.Ordinal));
        }

        Assert.Contains(answer.Explanation, line => line.StartsWith("ring ", StringComparison.Ordinal) && line.Contains("balance 5", StringComparison.Ordinal));
    }

    [Fact]
    public void Planner_must_name_replicated_kv_heads_when_ulysses_has_more_ranks_than_they_are()
    {
        var request = Problem.Request(1000000, 16, Problem.Llama8B) with { Mode = CostMode.Ulysses, Accumulation = 1, ZeroStage = 3, Recompute = CostRecompute.Full };
        var answer = Planner.Plan(request);

        Assert.Contains(answer.Explanation, line => line.Contains("8 KV heads over 16 ranks replicate KV 2.00x", StringComparison.Ordinal));
    }

    // The whole of Llama-2-7B's float32 optimiser does not fit into 40 GB, kept activations of 1M tokens do not fit into 8 x 80, and one GPU of 24 GB cannot
    // hold the weights.
    [Theory]
    [InlineData("a100-40g", 2048, 1, 0, CostRecompute.Full, "gradients")]
    [InlineData("a100-80g", 1048576, 8, 3, CostRecompute.None, "kept activations")]
    [InlineData("rtx4090", 2048, 1, 0, CostRecompute.Full, "weights")]
    [InlineData("h100-80g", 2048, 1, 0, CostRecompute.Full, "optimizer")]
    public void Overflow_must_name_the_first_part_that_does_not_fit(string gpu, long tokens, int gpus, int zero, CostRecompute recompute, string part)
    {
        var request = Problem.Request(tokens, gpus) with
        {
            Hardware = HardwareProfiles.All.Single(profile => profile.Name == gpu), ZeroStage = zero, Recompute = recompute,
            Mode = gpus == 1 ? CostMode.DataParallel : CostMode.Zigzag,
        };
        var answer = Planner.Plan(request);

        Assert.Null(answer.Chosen);
        Assert.Equal(part, answer.Nearest!.Fit.Overflow!.Name);
        Assert.True(answer.Nearest.Fit.Overflow.Bytes > answer.Nearest.Fit.LeftBytes);
        Assert.Equal(answer.Nearest.Memory.DeviceBytes, answer.Nearest.Fit.NeededBytes);
    }

    [Theory]
    [InlineData("a100-80g", 2000000, 8, null)]
    [InlineData("a100-40g", 1000000, 8, CostRecompute.None)]
    [InlineData("rtx4090", 65536, 4, CostRecompute.SelectivePlusPlus)]
    [InlineData("l20", 131072, 8, CostRecompute.None)]
    [InlineData("rtx4090", 65536, 1, null)]
    public void Three_changes_must_each_fit_when_they_are_planned_again(string gpu, long tokens, int gpus, CostRecompute? recompute)
    {
        var request = Problem.Request(tokens, gpus) with { Hardware = HardwareProfiles.All.Single(profile => profile.Name == gpu), Recompute = recompute };
        var answer = Planner.Plan(request);

        Assert.Null(answer.Chosen);
        Assert.Equal(3, answer.Changes.Count);
        foreach (var change in answer.Changes)
        {
            // From scratch, for whatever hardware and request the change ends in.
            var setting = change.Result.Setting;
            var hardware = HardwareProfiles.All.FirstOrDefault(profile => change.Description.Contains($"--gpu {profile.Name}:", StringComparison.Ordinal)) ?? request.Hardware;
            var memory = MemoryCost.Of(request.Model, setting);
            Assert.Null(setting.Problem(request.Model));
            Assert.True(memory.DeviceBytes <= hardware.UsableBytes, change.Description);
            Assert.True(memory.HostBytes <= hardware.HostShareBytes, change.Description);
            Assert.Equal(memory.DeviceBytes, change.Result.Memory.DeviceBytes);
        }
    }

    [Fact]
    public void The_longest_sequence_that_is_offered_must_fit_and_the_next_must_not()
    {
        var request = Problem.Request(2_000_000) with { Mode = CostMode.Zigzag, Recompute = CostRecompute.Full, ZeroStage = 3 };
        var change = Assert.Single(Planner.Plan(request).Changes, change => change.Description.StartsWith("--tokens", StringComparison.Ordinal));
        var longest = change.Result.Setting.Tokens;

        Assert.NotNull(Planner.Plan(request with { Tokens = longest }).Chosen);
        Assert.Null(Planner.Plan(request with { Tokens = longest + 1024 }).Chosen);
    }

    [Theory]
    [InlineData(CostMode.DataParallel, 8, 1, "8 groups cannot share the 1 rows")]
    [InlineData(CostMode.Zigzag, 1, 1, "shares a sequence with nobody")]
    [InlineData(CostMode.LightSeq, 3, 3, "context 3; allowed: an even number")]
    [InlineData(CostMode.DoubleRing, 7, 7, "a divisor of context 7")]
    [InlineData(CostMode.Ulysses, 37, 1, "head 37; allowed: at most 32 query heads")]
    public void Impossible_modes_must_say_what_is_allowed(CostMode mode, int gpus, int accumulation, string reason)
    {
        var answer = Planner.Plan(Problem.Request(65536, gpus) with { Mode = mode, Accumulation = accumulation });
        var outcome = Assert.Single(answer.Modes);

        Assert.Null(outcome.Best);
        Assert.Contains(reason, outcome.Problem, StringComparison.Ordinal);
        Assert.Null(answer.Nearest);
        Assert.Empty(answer.Changes);
    }

    [Fact]
    public void Illegal_settings_must_be_refused_with_the_number_that_is_wrong()
    {
        void Refused(ParallelSetting setting, string reason) => Assert.Contains(reason, setting.Problem(Problem.Llama7B), StringComparison.Ordinal);

        Refused(Problem.OnEight(CostMode.Zigzag, zero: 4), "zero 4; allowed: 0 to 3");
        Refused(Problem.OnEight(CostMode.Zigzag, zero: 2) with { Offload = new CostOffload(true, true, false) }, "with zero 2; allowed: zero 3");
        Refused(Problem.OnEight(CostMode.Zigzag, tokens: 7), "8 ranks for 7 tokens");
        Refused(Problem.OnEight(CostMode.DoubleRing) with { InnerWindow = 8 }, "inner window 8");
        Refused(Problem.OnEight(CostMode.Ring) with { HeadParallel = 2 }, "head 2 x context 8");
        Refused(Problem.OnEight(CostMode.Ulysses) with { ContextParallel = 0 }, "context 0");
    }

    [Fact]
    public void The_same_request_must_give_the_same_answer()
    {
        var (one, two) = (Planner.Plan(Problem.Request(262144)), Planner.Plan(Problem.Request(262144)));

        Assert.Equal(one.Chosen!.Setting, two.Chosen!.Setting);
        Assert.Equal(one.Explanation, two.Explanation);
    }
}
