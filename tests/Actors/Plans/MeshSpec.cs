using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Plans;

public class MeshSpec
{
    [Fact]
    public void Mesh_must_print_its_groups_when_heads_come_first() => Assert.Equal(
        """
        dp [0,8] [1,9] [2,10] [3,11] [4,12] [5,13] [6,14] [7,15]
        cp [0,2,4,6] [1,3,5,7] [8,10,12,14] [9,11,13,15]
        hp [0,1] [2,3] [4,5] [6,7] [8,9] [10,11] [12,13] [14,15]
        gradient [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]
        """,
        new RankMesh(2, 4, 2, MeshPlacement.HeadFirst, 4).GroupTable());

    [Fact]
    public void Mesh_must_print_its_groups_when_context_comes_first() => Assert.Equal(
        """
        dp [0,8] [4,12] [1,9] [5,13] [2,10] [6,14] [3,11] [7,15]
        cp [0,1,2,3] [4,5,6,7] [8,9,10,11] [12,13,14,15]
        hp [0,4] [1,5] [2,6] [3,7] [8,12] [9,13] [10,14] [11,15]
        inner [0,1] [2,3] [4,5] [6,7] [8,9] [10,11] [12,13] [14,15]
        outer [0,2] [1,3] [4,6] [5,7] [8,10] [9,11] [12,14] [13,15]
        gradient [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]
        """,
        new RankMesh(2, 4, 2, MeshPlacement.ContextFirst, 2).GroupTable());

    [Theory]
    [InlineData("ring", 1, MeshPlacement.ContextFirst)]
    [InlineData("ring", 5, MeshPlacement.ContextFirst)]
    [InlineData("usp", 16, MeshPlacement.HeadFirst)]
    [InlineData("usp", 16, MeshPlacement.ContextFirst)]
    [InlineData("double-ring", 8, MeshPlacement.Interleaved)]
    public void Neighbours_must_be_the_same_when_all_are_asked_for_at_once(string mode, int ranks, MeshPlacement placement)
    {
        var plan = new PreparedPlan(new PlanRequest
        {
            Mode = mode, Ranks = ranks, Placement = placement, InnerWindow = mode == "double-ring" ? 4 : 0,
            Tokens = 64L * ranks, QueryHeads = 4, KeyHeads = 2, HeadSize = 8, LayerWindows = [0],
        }.Resolve());
        Assert.Equal(Enumerable.Range(0, ranks).Select(rank => (plan.NextInRing(new(rank)), plan.PreviousInRing(new(rank)))), plan.Neighbours());
    }

    [Fact]
    public void Inner_windows_must_take_every_second_rank_when_interleaved()
    {
        var mesh = new RankMesh(1, 8, 1, MeshPlacement.Interleaved, 4);
        Assert.Equal("inner [0,2,4,6] [1,3,5,7]", mesh.InnerGroups().ToString());
        Assert.Equal("outer [0,1] [2,3] [4,5] [6,7]", mesh.OuterGroups().ToString());
    }

    [Theory]
    [InlineData(16, 8)] // a window that fills a machine
    [InlineData(8, 8)] // a single ring
    [InlineData(8, 1)]
    [InlineData(6, 2)] // an odd number of windows
    public void Mesh_must_be_context_first_when_nothing_can_be_interleaved(int context, int window)
    {
        var mesh = new RankMesh(1, context, 1, MeshPlacement.Interleaved, window);
        Assert.False(mesh.IsInterleaved);
        Assert.Equal((mesh with { Placement = MeshPlacement.ContextFirst }).GroupTable(), mesh.GroupTable());
        var request = new PlanRequest
        {
            Mode = "double-ring", Ranks = context, InnerWindow = window, Placement = MeshPlacement.Interleaved,
            Tokens = 64, QueryHeads = 1, KeyHeads = 1, HeadSize = 8, LayerWindows = [0],
        };
        Assert.Equal(MeshPlacement.ContextFirst, request.Resolve().Mesh.Placement);
    }

    // ColossalAI builds [0,2,4,6] [1,3,5,7] for 8 ranks in windows of 4: right only where ranks are the square of the window.
    [Theory]
    [InlineData(8, 4, "outer [0,4] [1,5] [2,6] [3,7]")]
    [InlineData(8, 2, "outer [0,2,4,6] [1,3,5,7]")]
    [InlineData(6, 3, "outer [0,3] [1,4] [2,5]")]
    [InlineData(4, 2, "outer [0,2] [1,3]")]
    public void Outer_groups_must_be_the_same_place_of_every_window_when_ranks_are_not_its_square(int context, int window, string groups) =>
        Assert.Equal(groups, new RankMesh(1, context, 1, MeshPlacement.HeadFirst, window).OuterGroups().ToString());

    [Fact]
    public void Every_rank_must_be_in_one_group_of_every_axis_and_at_one_place()
    {
        foreach (var placement in Enum.GetValues<MeshPlacement>())
        {
            foreach (var (dp, cp, hp, window) in new[] { (1, 1, 1, 1), (2, 3, 2, 3), (1, 8, 2, 2), (2, 8, 1, 4), (3, 4, 5, 2), (1, 12, 1, 3) })
            {
                var mesh = new RankMesh(dp, cp, hp, placement, window);
                RankGroups[] axes =
                [
                    mesh.DataGroups(), mesh.SequenceGroups(), mesh.RingGroups(), mesh.HeadGroups(),
                    mesh.InnerGroups(), mesh.OuterGroups(), mesh.GradientGroups(),
                ];
                foreach (var groups in axes)
                {
                    Assert.Equal(Enumerable.Range(0, mesh.Ranks), groups.Groups.SelectMany(group => group).Select(rank => rank.Index).Order());
                }

                foreach (var rank in Enumerable.Range(0, mesh.Ranks).Select(rank => new GlobalRank(rank)))
                {
                    Assert.Equal(rank, mesh.GlobalRankOf(mesh.ReplicaOf(rank), mesh.SequenceRankOf(rank)));
                }
            }
        }
    }
}
