using System.Diagnostics;
using ActorRing.Actors;

namespace ActorRing.Simulation;

/// <summary>What many schedules came to.</summary>
/// <param name="Schedules">Run.</param>
/// <param name="Events">In all of them.</param>
/// <param name="Kills">Processes lost.</param>
/// <param name="Epochs">Issued.</param>
/// <param name="Lost">TrainingCheckpoints given up because they were damaged.</param>
/// <param name="Windows">Times that data were left out.</param>
/// <param name="LongestGap">Simulated milliseconds from the last fault to the next commit, at most.</param>
/// <param name="Seconds">Taken.</param>
/// <param name="Failures">Seed and broken rule of each that failed, by seed.</param>
internal sealed record SweepResult(long Schedules, long Events, long Kills, long Epochs, long Lost, long Windows, long LongestGap,
    double Seconds, IReadOnlyList<(ulong RngSeed, string Rule)> Failures);

/// <summary>Runs schedules on all cores.</summary>
internal static class Sweep
{
    /// <param name="firstSeed">Of the first schedule; the next one has the next.</param>
    /// <param name="count">Schedules.</param>
    /// <param name="mutation">A rule to break.</param>
    /// <param name="stopsAtFailure">Whether one is enough.</param>
    /// <param name="limit">No schedule begins later; null for no limit.</param>
    internal static SweepResult Run(ulong firstSeed, long count, Mutation mutation = Mutation.None, bool stopsAtFailure = false, TimeSpan? limit = null)
    {
        var clock = Stopwatch.StartNew();
        var gate = new Lock();
        List<(ulong, string)> failures = [];
        long events = 0, kills = 0, epochs = 0, lost = 0, windows = 0, gap = 0, done = 0, next = -1;
        Parallel.For(0, Environment.ProcessorCount, _ =>
        {
            long myEvents = 0, myKills = 0, myEpochs = 0, myLost = 0, myWindows = 0, myGap = 0, mine = 0;
            while (!(stopsAtFailure && Volatile.Read(ref failures).Count > 0))
            {
                var index = Interlocked.Increment(ref next);
                if (index >= count || clock.Elapsed > limit)
                {
                    break;
                }

                var world = new World(firstSeed + (ulong)index, mutation);
                var rule = world.Run();
                mine++;
                myEvents += world.Events;
                myKills += world.Kills;
                myEpochs += world.Epochs;
                myLost += world.Lost;
                myWindows += world.Windows;
                myGap = Math.Max(myGap, world.LongestGap);
                if (rule is not null)
                {
                    lock (gate)
                    {
                        failures.Add((firstSeed + (ulong)index, rule));
                    }
                }
            }

            lock (gate)
            {
                (events, kills, epochs, lost, windows, gap, done) =
                    (events + myEvents, kills + myKills, epochs + myEpochs, lost + myLost, windows + myWindows, Math.Max(gap, myGap), done + mine);
            }
        });
        failures.Sort();
        return new(done, events, kills, epochs, lost, windows, gap, clock.Elapsed.TotalSeconds, failures);
    }
}
