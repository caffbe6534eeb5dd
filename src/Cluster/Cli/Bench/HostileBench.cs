using System.Diagnostics;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench hostile</c> prints: a cluster that trains while strangers come to its seed's door.</summary>
/// <param name="Engine">What the cluster met in.</param>
/// <param name="Ranks">Member processes.</param>
/// <param name="Connections">Strangers: HTTP, random bytes, a wrong token, 4 GiB announced, TLS, half a header, and one in 40 that says a byte each half second.</param>
/// <param name="Refused">Of them, those whose connection the seed ended without a welcome.</param>
/// <param name="Alive">Whether the seed's process still runs and the job goes on in the epoch in which it was.</param>
/// <param name="ConnectionsPerSecond">Wanted of the attacker, which shares the machine's cores with those it attacks.</param>
/// <param name="Windows">Quiet ones and hostile ones, as many of each, in turn.</param>
/// <param name="StepSecondsQuiet">Median over the quiet windows of the median time of an update.</param>
/// <param name="StepSecondsHostile">The same for hostile ones.</param>
/// <param name="Ratio">Median over pairs of neighbouring windows: hostile over quiet, by the clock, the attacker's own use of the cores included.</param>
/// <param name="SeedCpuQuiet">Cores that the seed's process kept busy in quiet windows.</param>
/// <param name="SeedCpuHostile">The same in hostile ones.</param>
/// <param name="AttackerCpu">Cores that the attacker kept busy.</param>
/// <param name="SeedMsPerConnection">Processor time of the seed for one stranger.</param>
/// <param name="SeedGrowthMiB">Resident memory of the seed at the end, less that before the first stranger.</param>
internal sealed record HostileRow(
    string Engine, int Ranks, int Connections, int Refused, bool Alive, int ConnectionsPerSecond, int Windows, double StepSecondsQuiet, double StepSecondsHostile, double Ratio, double SeedCpuQuiet,
    double SeedCpuHostile, double AttackerCpu, double SeedMsPerConnection, double SeedGrowthMiB);

/// <summary>Whether strangers at the door slow down those inside.</summary>
internal static class HostileBench
{
    /// <summary>Runs it.</summary>
    /// <param name="ranks">Member processes.</param>
    /// <param name="connections">Strangers.</param>
    /// <param name="perSecond">How many of them come in a second.</param>
    /// <param name="windows">Hostile windows, among which they are shared out.</param>
    /// <param name="engine">embedded or akka.</param>
    internal static async Task<HostileRow> RunAsync(int ranks, int connections, int perSecond, int windows, string engine)
    {
        await using var cluster = await BenchCluster.StartAsync(ranks, tokens: 1024, checkpointEvery: 100, engine);
        var length = TimeSpan.FromSeconds((double)connections / windows / perSecond);
        await Task.Delay(length); // what is compiled late is compiled now
        var before = (Status: await cluster.StatusAsync(), Memory: ProcessMemory.ResidentBytesOf(cluster.SeedId));
        var (quiet, hostile, attacker) = (new List<Window>(), new List<Window>(), new List<double>());
        var (visits, refused) = (0, 0);
        for (var window = 0; window < windows; window++)
        {
            quiet.Add(await WatchAsync(cluster, () => Task.Delay(length)));
            var ends = (int)((long)connections * (window + 1) / windows);
            var visitors = new List<Task<bool>>();
            var cpu = Measure.CpuSeconds();
            hostile.Add(await WatchAsync(cluster, async () => visits = await AttackAsync(cluster, visits, ends, perSecond, visitors)));
            attacker.Add((Measure.CpuSeconds() - cpu) / hostile[^1].Seconds);
            refused += (await Task.WhenAll(visitors)).Count(isRefused => isRefused);
        }

        var after = await cluster.StatusAsync();
        var (cpuQuiet, cpuHostile) = (quiet.Sum(one => one.SeedCpu) / quiet.Sum(one => one.Seconds), hostile.Sum(one => one.SeedCpu) / hostile.Sum(one => one.Seconds));
        return new HostileRow(
            engine, ranks, connections, refused, cluster.IsAlive && after.Epoch == before.Status.Epoch && after.StepsCommitted > before.Status.StepsCommitted, perSecond, windows,
            Round(Measure.Median(quiet.Select(one => one.StepSeconds))), Round(Measure.Median(hostile.Select(one => one.StepSeconds))),
            Round(Measure.Median(quiet.Zip(hostile, (calm, loud) => loud.StepSeconds / calm.StepSeconds))), Round(cpuQuiet), Round(cpuHostile), Round(Measure.Median(attacker)),
            Round(1000 * (cpuHostile - cpuQuiet) * hostile.Sum(one => one.Seconds) / connections), Round((ProcessMemory.ResidentBytesOf(cluster.SeedId) - before.Memory) / (double)(1 << 20)));
    }

    private static async Task<Window> WatchAsync(BenchCluster cluster, Func<Task> meanwhile)
    {
        var (first, cpu, started) = (await cluster.StatusAsync(), CpuOf(cluster.SeedId), Stopwatch.GetTimestamp());
        await meanwhile();
        var (seconds, cpuSeconds) = (Stopwatch.GetElapsedTime(started).TotalSeconds, CpuOf(cluster.SeedId) - cpu);
        var last = await cluster.StatusAsync();
        return new Window(seconds, Measure.Median(await cluster.StepSecondsAsync(first.StepsCommitted + 1, last.StepsCommitted)), cpuSeconds);
    }

    private static async Task<int> AttackAsync(BenchCluster cluster, int from, int to, int perSecond, List<Task<bool>> visitors)
    {
        var started = Stopwatch.GetTimestamp();
        var visit = from;
        for (; visit < to; visit++)
        {
            var due = TimeSpan.FromSeconds((double)(visit - from) / perSecond) - Stopwatch.GetElapsedTime(started);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due);
            }

            visitors.Add(Stranger.VisitAsync(cluster.Place, visit));
        }

        return visit;
    }

    private static double CpuOf(int process)
    {
        using var one = Process.GetProcessById(process);
        return one.TotalProcessorTime.TotalSeconds;
    }

    private static double Round(double value) => BenchJson.Round(value, 5);

    private sealed record Window(double Seconds, double StepSeconds, double SeedCpu);
}
