using ActorRing.Actors;
using Xunit.Abstractions;

namespace ActorRing.Simulation;

/// <summary>Each protocol rule, broken on purpose, must be noticed: a simulator that notices nothing proves nothing.</summary>
public class MutationSpec(ITestOutputHelper output)
{
    private const int Schedules = 20_000;

    public static TheoryData<Mutation> Mutations => [.. Enum.GetValues<Mutation>().Where(mutation => mutation != Mutation.None)];

    [Theory]
    [MemberData(nameof(Mutations))]
    public void Simulator_must_notice_when_a_rule_is_broken(Mutation mutation)
    {
        var result = Sweep.Run(1, Schedules, mutation, stopsAtFailure: true);
        Assert.True(result.Failures.Count > 0, $"{mutation} lived through {result.Schedules} schedules");
        output.WriteLine($"{mutation}: killed after {result.Schedules} schedules: {result.Failures[0].Rule}");
    }

    [Fact]
    public void Mutations_must_be_many_enough() => Assert.InRange(Enum.GetValues<Mutation>().Length - 1, 15, int.MaxValue);
}
