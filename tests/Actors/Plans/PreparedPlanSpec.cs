using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Plans;

/// <summary>Plans of jobs with several stages.</summary>
public class PreparedPlanSpec
{
    [Fact]
    public void PreparedPlan_must_have_the_bytes_of_its_plan_when_there_is_one_stage()
    {
        var prepared = new PreparedPlan(Stage(512));
        Assert.Equal(Stage(512).CanonicalBytes(), prepared.Bytes);
        Assert.Equal(Stage(512).Hash(), prepared.Hash);
    }

    [Fact]
    public void PreparedPlan_must_name_stage_and_field_when_a_later_stage_differs()
    {
        var prepared = new PreparedPlan(Stage(512), Stage(1024));
        var difference = prepared.DifferenceFrom(new PreparedPlan(Stage(512), Stage(2048)).Bytes.AsSpan());
        Assert.Equal(new PlanDifference("stage[1].tokens", "2048", "1024"), difference);
        Assert.Null(prepared.DifferenceFrom(prepared.Bytes.AsSpan()));
        Assert.NotEqual(prepared.Hash, new PreparedPlan(Stage(1024), Stage(512)).Hash);
    }

    [Fact]
    public void PreparedPlan_must_see_another_format_when_stages_are_missing_or_too_many()
    {
        var prepared = new PreparedPlan(Stage(512), Stage(1024));
        Assert.Equal("stage[1].plan-format", prepared.DifferenceFrom(new PreparedPlan(Stage(512)).Bytes.AsSpan())?.Field);
        Assert.Equal("plan-format", new PreparedPlan(Stage(512)).DifferenceFrom(prepared.Bytes.AsSpan())?.Field);
    }

    [Fact]
    public void PreparedPlan_must_refuse_stages_of_different_meshes() =>
        Assert.Contains("stage 1", Assert.Throws<PlanException>(() => new PreparedPlan(Stage(512), Stage(512, "ulysses"))).Message, StringComparison.Ordinal);

    private static SequenceParallelPlan Stage(long tokens, string mode = "zigzag") => new PlanRequest
    {
        Mode = mode, Ranks = 4, Tokens = tokens, QueryHeads = 4, KeyHeads = 4, HeadSize = 32, LayerWindows = [0, 0],
    }.Resolve();
}
