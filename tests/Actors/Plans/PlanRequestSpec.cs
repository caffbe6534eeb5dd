using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Plans;

public class PlanRequestSpec
{
    [Theory]
    [InlineData("zigzag_ring_attn", SequenceMode.Zigzag)]
    [InlineData("dist_flash_attn", SequenceMode.LightSeq)]
    [InlineData("ulysses_attn", SequenceMode.Ulysses)]
    [InlineData("usp_attn", SequenceMode.Usp)]
    [InlineData("2d", SequenceMode.Usp)]
    [InlineData("data_parallel", SequenceMode.DataParallel)]
    [InlineData("double-ring", SequenceMode.DoubleRing)]
    [InlineData("all-gather", SequenceMode.AllGather)]
    public void Mode_must_be_known_by_its_spelling_and_by_EasyContexts_name(string spelling, SequenceMode mode) =>
        Assert.Equal(mode, SequenceModes.Parse(spelling));

    [Fact]
    public void Mode_must_be_spelt_as_it_is_parsed() =>
        Assert.All(Enum.GetValues<SequenceMode>(), mode => Assert.Equal(mode, SequenceModes.Parse(mode.Spelling())));

    [Fact]
    public void Request_must_fill_in_degrees_that_are_left_open()
    {
        Assert.Equal(new RankMesh(8, 1, 1, MeshPlacement.HeadFirst, 1), Usual("data_parallel", 8).Resolve().Mesh);
        Assert.Equal(new RankMesh(1, 8, 1, MeshPlacement.HeadFirst, 8), Usual("zigzag", 8).Resolve().Mesh);
        Assert.Equal(new RankMesh(1, 1, 8, MeshPlacement.HeadFirst, 1), Usual("ulysses", 8).Resolve().Mesh);
        Assert.Equal(new RankMesh(1, 4, 2, MeshPlacement.HeadFirst, 4), Usual("usp", 8).Resolve().Mesh);
        Assert.Equal(new RankMesh(2, 4, 1, MeshPlacement.HeadFirst, 4), (Usual("ring", 8) with { DataParallel = 2 }).Resolve().Mesh);
        Assert.Equal(new RankMesh(1, 8, 1, MeshPlacement.HeadFirst, 4), Usual("double-ring", 8).Resolve().Mesh);
        Assert.Equal(new RankMesh(1, 4, 4, MeshPlacement.HeadFirst, 2), (Usual("usp", 16) with { Heads = 4, RingMode = "double-ring" }).Resolve().Mesh);
    }

    public static TheoryData<string, PlanRequest> Impossible => new()
    {
        { "ranks = 0 must be at least 1; nearest possible: ranks = 1", Usual("ring", 0) },
        { "mode = zigzig is not one of data_parallel, ring, zigzag, stripe, double-ring, lightseq, all-gather, ulysses, usp; nearest possible: zigzag", Usual("zigzig", 4) },
        { "hp = 3 does not divide the 8 ranks of a sequence; nearest possible: hp = 2", Usual("usp", 8) with { Heads = 3 } },
        { "hp = 4 in mode ring; nearest possible: mode = usp or hp = 1", Usual("ring", 8) with { Heads = 4 } },
        { "hp = 16 ranks cannot share heads = 8; nearest possible: hp = 8", Usual("ulysses", 16) },
        { "cp = 2 times hp = 2 is not the 8 ranks of a sequence; nearest possible: cp = 4", Usual("usp", 8) with { Heads = 2, Context = 2 } },
        { "dp = 3 does not divide ranks = 8; nearest possible: dp = 2", Usual("ring", 8) with { DataParallel = 3 } },
        { "dp = 2 of ranks = 8 in mode data_parallel; nearest possible: dp = 8", Usual("data_parallel", 8) with { DataParallel = 2 } },
        { "inner-window = 3 does not divide cp = 8; nearest possible: inner-window = 2", Usual("double-ring", 8) with { InnerWindow = 3 } },
        { "inner-window = 2 in mode zigzag; nearest possible: mode = double-ring or inner-window = 8", Usual("zigzag", 8) with { InnerWindow = 2 } },
        { "tokens = 5 cannot be dealt out to 8 ranks; nearest possible: ranks = 5 or tokens = 8", Usual("ring", 8) with { Tokens = 5 } },
        { "ring rank 0: tokens = 3 of 6 cannot be dealt out to hp = 4 ranks; nearest possible: tokens = 8", Usual("usp", 8) with { Tokens = 6, Heads = 4 } },
        { "heads = 8 is not a multiple of kv-heads = 3; nearest possible: kv-heads = 2", Usual("ring", 2) with { KeyHeads = 3 } },
        { "batch = 0 must be at least 1; nearest possible: batch = 1", Usual("ring", 2) with { Batch = 0 } },
        { "layout = stripe in mode zigzag; nearest possible: layout = zigzag or mode = stripe", Usual("zigzag", 2) with { Layout = LayoutKind.Stripe } },
        { "ring-mode = lightseq in mode usp; nearest possible: ring-mode = zigzag", Usual("usp", 8) with { RingMode = "lightseq" } },
        { "mode = lightseq needs causal attention; nearest possible: mode = ring", Usual("lightseq", 4) with { IsCausal = false } },
        { "window = 4 needs causal attention; nearest possible: window = 0 (none)", Usual("ring", 4) with { IsCausal = false, LayerWindows = [0, 4] } },
        { "speeds: 3 given for the 4 ranks of a sequence; nearest possible: 4 of them", Usual("ring", 4) with { Speeds = [1, 1, 2] } },
        { "rank 3: speed = 2 differs from 1 of rank 2, and in mode usp both have the same number of heads; nearest possible: 1", Usual("usp", 4) with { Heads = 2, Speeds = [1, 1, 1, 2] } },
        { "rank 1: speed = 2 differs from 1 of rank 0, and stripe deals out one token to every rank in turn; nearest possible: layout = zigzag, or all speeds equal", Usual("stripe", 2) with { Speeds = [1, 2] } },
        { "layers = 0 must be at least 1; nearest possible: layers = 1", Usual("ring", 2) with { LayerWindows = [] } },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public void Request_must_be_refused_in_one_line_with_the_nearest_possible_setting(string message, PlanRequest request) =>
        Assert.Equal(message, Assert.Throws<PlanException>(request.Resolve).Message);

    [Fact]
    public void Nearest_degree_must_itself_be_possible()
    {
        for (var ranks = 1; ranks <= 24; ranks++)
        {
            for (var heads = 1; heads <= 25; heads++)
            {
                var request = Usual("usp", ranks) with { Heads = heads };
                var refused = Record.Exception(request.Resolve);
                if (refused is not null)
                {
                    var nearest = int.Parse(Assert.IsType<PlanException>(refused).Message.Split("hp = ")[^1], System.Globalization.CultureInfo.InvariantCulture);
                    Assert.Equal(nearest, (request with { Heads = nearest }).Resolve().Mesh.Heads);
                }
            }
        }
    }

    [Fact]
    public void Schedule_must_refuse_a_pattern_of_other_tokens_or_batch()
    {
        var plan = Usual("ring", 2).Resolve();
        Assert.Equal("tokens = 9 in the pattern; nearest possible: 4096, as in the plan", Assert.Throws<PlanException>(() => AttentionSchedule.Build(plan, AttentionPattern.Create(9))).Message);
        Assert.Equal("batch = 2 in the pattern; nearest possible: 1, as in the plan", Assert.Throws<PlanException>(() => AttentionSchedule.Build(plan, AttentionPattern.Create(4096, 2))).Message);
    }

    [Theory]
    [InlineData(new long[] { 1, 5 }, "sequence 0: document 0 starts at 1 in 8 tokens; nearest possible: 0")]
    [InlineData(new long[] { 0, 5, 5 }, "sequence 0: document 2 starts at 5 in 8 tokens; nearest possible: 6")]
    [InlineData(new long[] { 0, 9 }, "sequence 0: document 1 starts at 9 in 8 tokens; nearest possible: 1")]
    public void Pattern_must_refuse_documents_that_do_not_ascend_from_0(long[] starts, string message) =>
        Assert.Equal(message, Assert.Throws<PlanException>(() => AttentionPattern.Create(8).WithDocuments([starts])).Message);

    private static PlanRequest Usual(string mode, int ranks) =>
        new() { Mode = mode, Ranks = ranks, Tokens = 4096, QueryHeads = 8, KeyHeads = 2, HeadSize = 64, LayerWindows = [0] };
}
