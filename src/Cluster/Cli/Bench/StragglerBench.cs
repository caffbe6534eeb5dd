using System.Diagnostics;
using System.Globalization;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What is to be measured.</summary>
/// <param name="Ranks">Member processes, one thread each.</param>
/// <param name="Tokens">Of the sequence.</param>
/// <param name="Healthy">Updates in which nobody is slow, half of them beside others.</param>
/// <param name="Trials">Slow ranks.</param>
/// <param name="ByQuota">Slowed down by a quota instead of signals.</param>
/// <param name="Granularity">How finely rotations wait for each other: who waits for a grant does not work.</param>
/// <param name="Record">A file for every update of every rank; null for none.</param>
internal sealed record StragglerOrder(int Ranks, int Tokens, int Healthy, int Trials, bool ByQuota, GrantGranularity Granularity, string? Record);

/// <summary>What <c>bench straggler</c> prints: a real job whose ranks are all well, or one of which gets a quarter of a processor.</summary>
/// <param name="Ranks">Member processes, one thread each.</param>
/// <param name="Tokens">Of the sequence.</param>
/// <param name="Granularity">How finely rotations wait for each other.</param>
/// <param name="QuietUpdates">Nobody slow, nothing else to do.</param>
/// <param name="QuietUpdateMs">Median time of one.</param>
/// <param name="QuietAccusations">Ranks named in them.</param>
/// <param name="BusyUpdates">Nobody slow, beside a busy process a core that comes and goes every two seconds.</param>
/// <param name="BusyUpdateMs">Median time of one.</param>
/// <param name="BusyAccusations">Ranks named in them that were well.</param>
/// <param name="BusyStarved">Ranks named in them that were not: the kernel kept them waiting for a processor for at least half as long as they ran.</param>
/// <param name="By">What slows down ranks.</param>
/// <param name="Share">Of a processor that is left to them.</param>
/// <param name="Trials">Slow ranks, one after the other.</param>
/// <param name="Named">Those that were named within 60 updates.</param>
/// <param name="Within10">Those that were named within 10 updates.</param>
/// <param name="UpdatesP50">From the last update before to the one that named them, half of them.</param>
/// <param name="UpdatesMax">The longest.</param>
/// <param name="Wrong">Times that another rank was named.</param>
/// <param name="Cleared">Those that were said to be well again when they were.</param>
internal sealed record StragglerBenchRow(
    int Ranks, int Tokens, string Granularity, int QuietUpdates, double QuietUpdateMs, int QuietAccusations, int BusyUpdates, double BusyUpdateMs,
    int BusyAccusations, int BusyStarved, string By, double Share, int Trials,
    int Named, int Within10, double UpdatesP50, double UpdatesMax, int Wrong, int Cleared);

/// <summary>Whether slow ranks are named, and nobody else.</summary>
internal static class StragglerBench
{
    // Of a past to compare with.
    private const int Past = 16;
    private const int Most = 60;

    // Updates that speak for a naming: those that the ledger looks at together, and the repetition that it asks for.
    private const int Evidence = 10;

    // Times as long as it ran: one that waits for a processor for longer is slow, whatever it is that has the processor.
    private const double Starved = 1.5;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ComeAndGo = TimeSpan.FromSeconds(2);

    internal static async Task<StragglerBenchRow> RunAsync(StragglerOrder order, CancellationToken stop)
    {
        await using var cluster = await ObservedCluster.StartAsync(order.Ranks, order.Tokens, order.Granularity, stop);
        using var record = order.Record is null ? null : new StreamWriter(order.Record);
        var quiet = await WatchAsync(cluster, order.Healthy - (order.Healthy / 2), stop);
        Write(record, "quiet", quiet);
        var (busy, starved) = await WatchBusyAsync(cluster, order.Ranks, order.Healthy / 2, stop);
        Write(record, "busy", busy);

        var (updates, wrong, cleared) = (new List<double>(), 0, 0);
        for (var trial = 0; trial < order.Trials; trial++)
        {
            var (after, others, isCleared, rows) = await TryAsync(cluster, trial % order.Ranks, order.ByQuota, stop);
            updates.AddRange(after is { } named ? [named] : []);
            (wrong, cleared) = (wrong + others, cleared + (isCleared ? 1 : 0));
            Write(record, string.Create(CultureInfo.InvariantCulture, $"trial-{trial}-{trial % order.Ranks}"), rows);
        }

        return new StragglerBenchRow(
            order.Ranks, order.Tokens, Words.Of(order.Granularity), Steps(quiet).Count, MedianMs(quiet), Accusations(quiet),
            Steps(busy).Count, MedianMs(busy), Accusations(busy) - starved, starved,
            order.ByQuota ? "quota" : "stop", SlowedProcess.Share, order.Trials, updates.Count, updates.Count(after => after <= 10),
            updates.Count > 0 ? Measure.Median(updates) : 0, updates.Count > 0 ? updates.Max() : 0, wrong, cleared);
    }

    private static async Task<IReadOnlyList<TelemetryRow>> WatchAsync(ObservedCluster cluster, int updates, CancellationToken stop)
    {
        var from = cluster.Count;
        await cluster.UntilAsync(from, rows => rows.Count(row => row is StepRow) >= updates, $"{updates} healthy updates", stop, TimeSpan.FromHours(2));
        return cluster.Since(from);
    }

    private static async Task<(IReadOnlyList<TelemetryRow> Rows, int Starved)> WatchBusyAsync(ObservedCluster cluster, int ranks, int updates, CancellationToken stop)
    {
        var ring = await cluster.RingAsync(stop);
        var queues = new RunQueues([.. Enumerable.Range(0, ranks).Select(rank => MemberIds.Of(cluster.Place, ring.Ranks[rank].Member.Name))]);
        var from = cluster.Count;
        queues.Read(from);
        var watched = WatchAsync(cluster, updates, stop);
        IReadOnlyList<MemberProcess> busy = [];
        while (!watched.IsCompleted)
        {
            if (busy.Count == 0)
            {
                busy = OverloadBench.Start(Environment.ProcessorCount);
            }
            else
            {
                await EndAsync(busy);
                busy = [];
            }

            for (var since = Stopwatch.GetTimestamp(); !watched.IsCompleted && Stopwatch.GetElapsedTime(since) < ComeAndGo;)
            {
                await Task.WhenAny(watched, Task.Delay(LookEvery, stop));
                queues.Read(cluster.Count);
            }
        }

        await EndAsync(busy);
        var rows = await watched;
        return (rows, Enumerable.Range(0, rows.Count).Count(at => rows[at] is StragglerRow { IsSlow: true } named && IsStarved(queues, named, rows, from, at)));
    }

    private static bool IsStarved(RunQueues queues, StragglerRow named, IReadOnlyList<TelemetryRow> rows, int from, int at)
    {
        var begin = at;
        for (var updates = 0; begin > 0 && updates < Evidence; begin--)
        {
            updates += rows[begin - 1] is StepRow ? 1 : 0;
        }

        return queues.Stretch(named.Rank.Index, from + begin, from + at) >= Starved;
    }

    private static async Task<(long? After, int Wrong, bool IsCleared, IReadOnlyList<TelemetryRow> Rows)> TryAsync(ObservedCluster cluster, int rank, bool byQuota, CancellationToken stop)
    {
        var before = (await WatchAsync(cluster, Past, stop)).OfType<StepRow>().Last().StepsDone;
        var from = cluster.Count;
        var member = (await cluster.RingAsync(stop)).Ranks[rank].Member.Name;
        using (SlowedProcess.Start(MemberIds.Of(cluster.Place, member), byQuota))
        {
            await cluster.UntilAsync(from, rows => rows.Any(row => IsOf(row, rank, isSlow: true)) || rows.Count(row => row is StepRow) >= Most, $"{Most} updates with a slow rank", stop);
        }

        var cured = cluster.Count;
        await cluster.UntilAsync(
            from, rows => rows.Any(row => IsOf(row, rank, isSlow: false)) || rows.Skip(cured - from).Count(row => row is StepRow) >= Most, $"{Most} updates with none", stop);
        var all = cluster.Since(from);
        var named = all.OfType<StragglerRow>().FirstOrDefault(row => IsOf(row, rank, isSlow: true));
        return (named?.StepsDone - before, all.Count(row => row is StragglerRow { IsSlow: true } slow && slow.Rank.Index != rank), all.Any(row => IsOf(row, rank, isSlow: false)), all);
    }

    private static bool IsOf(TelemetryRow row, int rank, bool isSlow) => row is StragglerRow straggler && straggler.Rank.Index == rank && straggler.IsSlow == isSlow;

    private static async Task EndAsync(IReadOnlyList<MemberProcess> processes)
    {
        foreach (var process in processes)
        {
            await process.DisposeAsync();
        }
    }

    private static List<StepRow> Steps(IReadOnlyList<TelemetryRow> rows) => [.. rows.OfType<StepRow>()];

    private static double MedianMs(IReadOnlyList<TelemetryRow> rows) =>
        Steps(rows) is { Count: > 0 } steps ? BenchJson.Round(Measure.Median([.. steps.Select(step => step.Report.Elapsed.TotalMilliseconds)]), 2) : 0;

    private static int Accusations(IReadOnlyList<TelemetryRow> rows) => rows.Count(row => row is StragglerRow { IsSlow: true });

    private static void Write(StreamWriter? record, string phase, IReadOnlyList<TelemetryRow> rows)
    {
        foreach (var step in record is null ? [] : Steps(rows))
        {
            for (var rank = 0; rank < step.Ranks.Length; rank++)
            {
                record!.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{phase},{step.StepsDone},{rank},{step.Ranks[rank].Elapsed.Ticks},{step.Ranks[rank].Waits.Ticks}"));
            }
        }
    }
}
