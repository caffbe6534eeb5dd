using System.Text.Json;
using ActorRing.Cluster.Cli.Soak;
using ActorRing.Cluster.Specs.Cli;
using ActorRing.Cluster.Specs.Jobs;

namespace ActorRing.Cluster.Specs.Soak;

/// <summary><c>chaos soak</c>: kills of every kind, and the bits of a run that nobody touched.</summary>
[Collection(OneConsole.Name)]
public sealed class SoakSpec
{
    [Fact]
    public void Job_must_end_bit_equal_when_ranks_and_the_seed_are_killed_in_every_way()
    {
        using var soak = new ChildProcess(["chaos", "soak", "--kills", "10", "--every", "4", "--json"]);
        var end = soak.End();

        Assert.True(end.ExitCode == 0, end.Output + string.Join('\n', end.Errors));
        using var report = JsonDocument.Parse(end.Output);
        var row = report.RootElement[0];
        Assert.Equal(JsonValueKind.Null, row.GetProperty("difference").ValueKind);
        Assert.InRange(row.GetProperty("kills").GetInt32(), 10, 11);
        Assert.Equal(Enum.GetValues<SoakKind>().Length, row.GetProperty("kinds").GetArrayLength());
        Assert.InRange(row.GetProperty("from_memory").GetInt32(), 3, int.MaxValue);
    }

    [Fact]
    public void Troubles_must_be_of_each_kind_before_any_comes_again_and_the_same_for_the_same_seed()
    {
        var kinds = Enum.GetValues<SoakKind>();
        var troubles = SoakTrouble.Series(3, 7).Take(5 * kinds.Length).ToList();

        Assert.All(troubles.Chunk(kinds.Length), round => Assert.Equal(kinds, round.Select(trouble => trouble.Kind).Order()));
        Assert.All(troubles, trouble => Assert.NotEqual(trouble.Rank, trouble.Other));
        Assert.Equal(troubles, SoakTrouble.Series(3, 7).Take(troubles.Count));
        Assert.NotEqual(troubles, SoakTrouble.Series(3, 8).Take(troubles.Count));
    }

    [Fact]
    public void Difference_must_name_the_first_thing_that_is_not_equal()
    {
        var one = new RunResult("w", ["a", "b"], new Dictionary<long, double> { [1] = 3, [2] = 2 }, 0);

        Assert.Null(RunResult.Difference(one, one with { Losses = new Dictionary<long, double> { [1] = 3, [2] = 2 } }));
        Assert.Equal("the loss of update 2: 2 and none", RunResult.Difference(one, one with { Losses = new Dictionary<long, double> { [1] = 3 } }));
        Assert.Equal("the loss of update 1: 3 and 4", RunResult.Difference(one, one with { Losses = new Dictionary<long, double> { [1] = 4, [2] = 2 } }));
        Assert.Equal("weights or moments", RunResult.Difference(one, one with { Shards = ["a", "c"] }));
        Assert.Equal("the exported model", RunResult.Difference(one, one with { Weights = "v" }));
        Assert.Equal("an update that was done twice with two losses", RunResult.Difference(one, one with { Contradictions = 1 }));
    }
}
