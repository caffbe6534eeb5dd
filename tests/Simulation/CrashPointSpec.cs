using ActorRing.Actors;
using Xunit.Abstractions;

namespace ActorRing.Simulation;

/// <summary>A process lost at every point of a small run, alone and together with a second one.</summary>
public class CrashPointSpec(ITestOutputHelper output)
{
    private const int Timings = 8;
    private const int SecondPointsLeftOut = 40;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Run_must_end_well_when_any_process_is_lost_at_any_point(int spares)
    {
        var result = CrashSweep.Run(1, Timings, spares, withPairs: false);
        output.WriteLine($"{result.Schedules} crash points");
        AssertAllWell(result, spares);
        Assert.Equal(result.Points, result.Schedules);
        Assert.InRange(result.Points, Timings * 400L, long.MaxValue);
    }

    // All of them: ./actorring simulate --crashes pairs
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Run_must_end_well_when_a_second_process_is_lost_after_the_first(int spares)
    {
        var result = CrashSweep.Run(1, 1, spares, withPairs: true, SecondPointsLeftOut);
        output.WriteLine($"{result.Schedules} of the pairs of {result.Points} crash points");
        AssertAllWell(result, spares);
        Assert.InRange(result.Schedules, 5 * result.Points, long.MaxValue);
    }

    [Theory]
    [InlineData(Mutation.AnnounceBeforeLog)]
    [InlineData(Mutation.ReportBeforeReplica)]
    public void Crash_points_must_notice_when_a_rule_is_broken(Mutation mutation)
    {
        var result = CrashSweep.Run(1, 1, 0, withPairs: false, mutation: mutation);
        Assert.NotEmpty(result.Failures);
    }

    [Fact]
    public void Crash_must_be_the_same_when_it_is_run_again()
    {
        var (first, second) = (new World(3, crashes: new CrashPlan(1, 100, 250)), new World(3, crashes: new CrashPlan(1, 100, 250)));
        Assert.Null(first.Run());
        Assert.Null(second.Run());
        Assert.Equal((first.Trace, first.Events), (second.Trace, second.Events));
        Assert.Equal(2, first.Crashed);
    }

    private static void AssertAllWell(CrashResult result, int spares)
    {
        var replays = result.Failures.Take(10).Select(failure => SimulateCommand.Replay(failure.RngSeed, spares, failure.Points, Mutation.None, failure.Rule));
        Assert.True(result.Failures.Count == 0, string.Join('\n', replays));
    }
}
