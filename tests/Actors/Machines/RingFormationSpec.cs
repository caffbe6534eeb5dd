using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Specs.Machines;

/// <summary>Which members become which ranks; names that begin with r are reserves, with x such as were declined.</summary>
public class RingFormationSpec
{
    // Members in order of joining, those of the last epoch, ranks wanted, whether the ring makes do, and who holds the ranks.
    [Theory]
    [InlineData("a b c", "", 3, false, "a b c")]
    [InlineData("c a b", "a b c", 3, false, "a b c")]
    [InlineData("a c d", "a b c", 3, false, "a d c")]
    [InlineData("r1 a b c", "", 3, true, "a b c")]
    [InlineData("a c r1", "a b c", 3, false, "a c")]
    [InlineData("a c r1", "a b c", 3, true, "a r1 c")]
    [InlineData("r1 a b c", "a r1 c", 3, false, "a b c")]
    [InlineData("a c r1", "a r1 c", 3, false, "a r1 c")]
    [InlineData("r1 r2 a c", "a r2 c", 3, true, "a r2 c")]
    [InlineData("r1 r2 a", "", 3, true, "a r1 r2")]
    [InlineData("r1 r2", "", 3, false, "")]
    [InlineData("a b x", "a b x", 3, true, "a b")]
    [InlineData("a x", "a b x", 3, true, "a x")]
    [InlineData("a r1 x", "a b x", 3, true, "a r1")]
    public void Reserves_must_hold_ranks_only_while_there_are_too_few_others(string members, string last, int ranks, bool makesDo, string expected)
    {
        var table = new MemberTable(new());
        foreach (var name in members.Split(' '))
        {
            var record = table.Join(Id(name), default)!;
            record.Hello = new(1, 1, "", default, RankPhase.Idle, 0, 0, 0, false, null, [], IsReserve: name[0] == 'r');
            record.IsDeclined = name[0] == 'x';
        }

        var spec = new JobSpec { Name = "a", Ranks = ranks, MinRanks = 2, TrainSteps = 9, CheckpointEvery = 2 };
        var epoch = last.Length == 0 ? null : new EpochIssued(new(1), new(1, 1), [.. last.Split(' ').Select(Id)], "", 0, EpochEnd.None);
        Assert.Equal(expected, string.Join(' ', RingFormation.Candidates(table.All, epoch, _ => true, spec, makesDo).Select(record => record.Id.Name)));
    }

    private static MemberId Id(string name) => new(name, 1);
}
