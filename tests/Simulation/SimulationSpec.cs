using ActorRing.Actors;

namespace ActorRing.Simulation;

/// <summary>The rules of the actor runtime under everything that can go wrong. A failure prints the command that shows it again.</summary>
public class SimulationSpec
{
    // As many as the bar asks for, on seeds that no change was tuned on.
    private const int Schedules = 100_000;
    private const ulong FirstSeed = 7_000_000;
    private const ulong SchedulesCompared = 500;

    [Fact]
    public void Machines_must_keep_every_rule_when_anything_may_be_lost_late_twice_stopped_or_killed()
    {
        var result = Sweep.Run(FirstSeed, Schedules);
        Assert.True(result.Failures.Count == 0, string.Join('\n', result.Failures.Take(10).Select(failure => SimulateCommand.Replay(failure.RngSeed, Mutation.None, failure.Rule))));
        Assert.Equal(Schedules, result.Schedules);

        // Trouble there was: otherwise the result above says nothing.
        Assert.InRange(result.Kills, Schedules, long.MaxValue);
        Assert.InRange(result.Epochs, Schedules, long.MaxValue);
        Assert.InRange(result.Lost, Schedules / 100, long.MaxValue);
        Assert.InRange(result.Windows, Schedules / 100, long.MaxValue);
    }

    [Fact]
    public void Schedule_that_broke_a_rule_once_must_not_do_so_again()
    {
        var lines = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "regressions.txt")).Where(line => line.Length > 0 && line[0] != '#').ToList();
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.Null(new World(ulong.Parse(line.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture)).Run()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Schedule_must_be_the_same_when_it_is_run_again(ulong rngSeed)
    {
        var (first, second) = (new World(rngSeed), new World(rngSeed));
        Assert.Equal(first.Run(), second.Run());
        Assert.Equal((first.Trace, first.Events), (second.Trace, second.Events));
    }

    // S16: hosts choose where their clocks start; wall clocks do not exist for a machine.
    [Theory]
    [InlineData(1, 3_600_000)]
    [InlineData(2, 86_400_000)]
    [InlineData(3, 1)]
    public void Schedule_must_be_the_same_when_the_clock_starts_elsewhere(ulong rngSeed, long originMilliseconds)
    {
        var (first, second) = (new World(rngSeed), new World(rngSeed, origin: originMilliseconds));
        Assert.Equal(first.Run(), second.Run());
        Assert.Equal(first.Trace, second.Trace);
    }

    // Whoever looks decides nothing: the same bytes are sent to the same members at the same times, and the same records are written.
    [Fact]
    public void Decisions_must_be_the_same_when_people_look_all_the_time_and_when_nobody_does()
    {
        long looks = 0;
        for (ulong rngSeed = 1; rngSeed <= SchedulesCompared; rngSeed++)
        {
            var (alone, watched) = (new World(rngSeed, lookEvery: 0, tracesDecisions: true), new World(rngSeed, lookEvery: 3, tracesDecisions: true));
            Assert.Equal((rngSeed, alone.Run()), (rngSeed, watched.Run()));
            Assert.Equal((rngSeed, alone.Decisions, alone.Trace, alone.Events, 0L), (rngSeed, watched.Decisions, watched.Trace, watched.Events, alone.Looks));
            looks += watched.Looks;
        }

        Assert.InRange(looks, 100 * (long)SchedulesCompared, long.MaxValue);
    }

    [Fact]
    public void Decisions_must_be_the_same_when_the_log_is_compacted_at_every_start()
    {
        for (ulong rngSeed = 1; rngSeed <= SchedulesCompared; rngSeed++)
        {
            var (whole, compacted) = (new World(rngSeed, compacts: false, tracesDecisions: true), new World(rngSeed, compacts: true, tracesDecisions: true));
            Assert.Equal((rngSeed, whole.Run()), (rngSeed, compacted.Run()));
            Assert.Equal((rngSeed, whole.Decisions, whole.Trace), (rngSeed, compacted.Decisions, compacted.Trace));
        }
    }

    // Otherwise the two above could not fail.
    [Fact]
    public void Decisions_must_differ_when_a_rule_is_broken_and_when_the_seed_is_another_one()
    {
        var usual = new World(1, tracesDecisions: true);
        var (broken, other) = (new World(1, Mutation.AnnounceBeforeLog, tracesDecisions: true), new World(2, tracesDecisions: true));
        usual.Run();
        broken.Run();
        other.Run();
        Assert.NotEqual(usual.Decisions, broken.Decisions);
        Assert.NotEqual(usual.Decisions, other.Decisions);
    }

    [Fact]
    public void Replay_must_be_one_line_that_runs_the_failure_again() =>
        Assert.Equal("./actorring simulate --count 1 --seed 7 --mutation GrantEarly --story   # S4 early", SimulateCommand.Replay(7, Mutation.GrantEarly, "S4 early"));

    [Theory]
    [InlineData("--count", "none")]
    [InlineData("--mutation", "1")]
    [InlineData("--nonsense", "")]
    [InlineData("--count", "0")]
    [InlineData("--minutes", "1.5")]
    [InlineData("--crashes", "triples")]
    [InlineData("--crash", "7,3")]
    [InlineData("--crash", "1,2,3")]
    [InlineData("--skip", "1,x")]
    [InlineData("--spares", "3")]
    public void Command_must_refuse_when_an_argument_is_not_understood(string argument, string value) => Assert.Equal(2, SimulateCommand.Run([argument, value]));
}
