using System.Diagnostics;
using ActorRing.Actors;

namespace ActorRing.Simulation;

/// <summary>What every crash point came to.</summary>
/// <param name="Points">Of the runs without a crash.</param>
/// <param name="Schedules">Run.</param>
/// <param name="Seconds">Taken.</param>
/// <param name="Failures">Seed, crash points and broken rule of each that failed.</param>
internal sealed record CrashResult(long Points, long Schedules, double Seconds, IReadOnlyList<(ulong RngSeed, string Points, string Rule)> Failures);

/// <summary>Loses a process at every point of a small run, one after the other, or at every pair of points. The second point of a pair is one of the run that the first made.</summary>
internal static class CrashSweep
{
    /// <param name="firstSeed">Timings of the run.</param>
    /// <param name="seeds">How many of them.</param>
    /// <param name="spares">Members beyond the three ranks.</param>
    /// <param name="withPairs">Whether a second process is lost after the first.</param>
    /// <param name="stride">Only every so-manieth second point; 1 for all.</param>
    /// <param name="mutation">A rule to break.</param>
    internal static CrashResult Run(ulong firstSeed, int seeds, int spares, bool withPairs, int stride = 1, Mutation mutation = Mutation.None)
    {
        var clock = Stopwatch.StartNew();
        var gate = new Lock();
        List<(ulong, string, string)> failures = [];
        long points = 0, schedules = 0;
        for (var seed = firstSeed; seed < firstSeed + (ulong)seeds; seed++)
        {
            var (rngSeed, inRun) = (seed, Count(seed, spares, mutation));
            points += inRun;
            Parallel.For(0L, inRun, first =>
            {
                long mine = 0;
                var plan = new CrashPlan(spares, first);
                Note(plan, [first]);
                for (var second = first + 1 + (first % stride); withPairs && second < plan.Passed; second += stride)
                {
                    Note(new CrashPlan(spares, first, second), [first, second]);
                }

                Interlocked.Add(ref schedules, mine);

                void Note(CrashPlan crashes, long[] at)
                {
                    mine++;
                    if (new World(rngSeed, mutation, crashes: crashes).Run() is { } rule)
                    {
                        lock (gate)
                        {
                            failures.Add((rngSeed, string.Join(',', at), rule));
                        }
                    }
                }
            });
        }

        failures.Sort();
        return new(points, schedules, clock.Elapsed.TotalSeconds, failures);
    }

    private static long Count(ulong rngSeed, int spares, Mutation mutation)
    {
        var plan = new CrashPlan(spares);
        new World(rngSeed, mutation, crashes: plan).Run();
        return plan.Passed;
    }
}
