using System.Collections;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Plans;

public class PlanHashSpec
{
    // Pinned: another hash means that ranks of two versions would refuse each other's plans.
    private const string Golden = "71c0b0013f4b31b1f91e9a7a9bc4e95a5b460df03ceed8770a09355c8d56410b";

    private static readonly (string Field, Func<SequenceParallelPlan, SequenceParallelPlan> Change)[] Changes =
    [
        ("mode", plan => plan with { Mode = SequenceMode.Ring }),
        ("ring-mode", plan => plan with { RingMode = SequenceMode.Stripe }),
        ("dp", plan => plan with { Mesh = plan.Mesh with { DataParallel = 3 } }),
        ("cp", plan => plan with { Mesh = plan.Mesh with { Context = 8 } }),
        ("hp", plan => plan with { Mesh = plan.Mesh with { Heads = 4 } }),
        ("placement", plan => plan with { Mesh = plan.Mesh with { Placement = MeshPlacement.ContextFirst } }),
        ("inner-window", plan => plan with { Mesh = plan.Mesh with { InnerWindow = 1 } }),
        ("layout", plan => plan with { Layout = LayoutKind.Stripe }),
        ("speeds[3]", plan => plan with { Speeds = [1, 1, 1, 2] }),
        ("speeds.length", plan => plan with { Speeds = [1, 1, 1] }),
        ("tokens", plan => plan with { Tokens = 4097 }),
        ("batch", plan => plan with { Batch = 3 }),
        ("heads", plan => plan with { QueryHeads = 16 }),
        ("kv-heads", plan => plan with { KeyHeads = 4 }),
        ("head-size", plan => plan with { HeadSize = 128 }),
        ("layer-windows[1]", plan => plan with { LayerWindows = [0, 1025] }),
        ("sink", plan => plan with { Sink = 5 }),
        ("causal", plan => plan with { IsCausal = false }),
        ("compute-format", plan => plan with { ComputeFormat = ElementFormat.Float32 }),
        ("kv-format", plan => plan with { KvFormat = ElementFormat.Float32 }),
        ("gradient-format", plan => plan with { GradientFormat = ElementFormat.BFloat16 }),
        ("accumulation-format", plan => plan with { AccumulationFormat = ElementFormat.BFloat16 }),
        ("keeps-exchanged", plan => plan with { KeepsExchanged = true }),
        ("rng-seed", plan => plan with { RngSeed = 43 }),
    ];

    [Fact]
    public void Hash_must_be_the_same_in_every_process_and_version() => Assert.Equal(Golden, Plan().Hash());

    [Fact]
    public void Hash_must_change_with_every_field_and_the_difference_must_name_it()
    {
        var hashes = new List<string> { Plan().Hash() };
        foreach (var (field, change) in Changes)
        {
            var changed = change(Plan());
            hashes.Add(changed.Hash());
            Assert.Equal(field, Plan().FirstDifference(changed)?.Field);
            Assert.NotEqual(Plan(), changed);
        }

        Assert.Equal(hashes.Count, hashes.Distinct().Count());
    }

    // A field that is added and forgotten in the hash fails here.
    [Fact]
    public void Hash_must_be_checked_for_every_property_of_a_plan()
    {
        var changed = Changes.Select(change => change.Change(Plan())).ToArray();
        var own = typeof(SequenceParallelPlan).GetProperties().Where(property => property.CanWrite && property.Name != nameof(SequenceParallelPlan.Mesh));
        foreach (var property in own)
        {
            Assert.Contains(changed, plan => !Same(property.GetValue(Plan()), property.GetValue(plan)));
        }

        foreach (var property in typeof(RankMesh).GetProperties().Where(property => property.CanWrite))
        {
            Assert.Contains(changed, plan => !Equals(property.GetValue(Plan().Mesh), property.GetValue(plan.Mesh)));
        }
    }

    [Fact]
    public void Equal_plans_must_have_equal_hashes_and_no_difference()
    {
        Assert.Equal(Plan().Hash(), Plan().Hash());
        Assert.Equal(Plan(), Plan());
        Assert.Equal(Plan().GetHashCode(), Plan().GetHashCode());
        Assert.Null(Plan().FirstDifference(Plan()));
    }

    [Fact]
    public void Difference_must_name_rank_field_and_value_in_one_line()
    {
        Assert.Equal(
            "rank 3: tokens = 4097 in its plan; nearest possible: 4096, as in the plan of the job",
            Plan().FirstDifference(Plan() with { Tokens = 4097 })!.Blame(new GlobalRank(3)));
        Assert.Equal(
            "rank 0: mode = ring in its plan; nearest possible: usp, as in the plan of the job",
            Plan().FirstDifference(Plan() with { Mode = SequenceMode.Ring })!.Blame(new GlobalRank(0)));
    }

    private static bool Same(object? one, object? other) =>
        one is IEnumerable list && other is IEnumerable otherList ? list.Cast<object>().SequenceEqual(otherList.Cast<object>()) : Equals(one, other);

    private static SequenceParallelPlan Plan() => new PlanRequest
    {
        Mode = "usp", RingMode = "double-ring", Ranks = 16, DataParallel = 2, Heads = 2, InnerWindow = 2,
        Tokens = 4096, Batch = 2, QueryHeads = 8, KeyHeads = 2, HeadSize = 64,
        LayerWindows = [0, 1024], Sink = 4, ComputeFormat = ElementFormat.BFloat16, RngSeed = 42,
    }.Resolve();
}
