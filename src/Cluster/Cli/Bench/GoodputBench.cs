using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Soak;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Member.Place;
using ActorRing.Cluster.Member.Work;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What is trained, and how often a rank is killed.</summary>
/// <param name="Ranks">Of the job.</param>
/// <param name="Spares">Members beyond them, which wait.</param>
/// <param name="Tokens">Of the sequence: how long an update takes.</param>
/// <param name="Updates">Of each run.</param>
/// <param name="Every">Updates for each of which one rank is killed.</param>
/// <param name="Pairs">Of an undisturbed and a disturbed run.</param>
/// <param name="Seed">Of the places where ranks are killed.</param>
internal sealed record GoodputOrder(int Ranks, int Spares, int Tokens, int Updates, int Every, int Pairs, int Seed)
{
    /// <summary>Of one disturbed run.</summary>
    internal int Kills => Updates / Every;
}

/// <summary>An undisturbed run and a disturbed one, each timed from its first commit to its last.</summary>
/// <param name="CalmSeconds">The undisturbed one.</param>
/// <param name="StormySeconds">The disturbed one.</param>
/// <param name="Goodput">The one by the other.</param>
/// <param name="Accounted">Share of the disturbed run that did not lie between a kill and the next commit of a later epoch.</param>
/// <param name="CalmUpdateMs">From commit to commit of the undisturbed one, half of them.</param>
/// <param name="StormyUpdateMs">Of the disturbed one: where it differs, the machine had other things to do, or new processes are slower.</param>
/// <param name="ResumedMs">From each kill to the next commit of a later epoch.</param>
internal sealed record GoodputPair(
    double CalmSeconds, double StormySeconds, double Goodput, double Accounted, double CalmUpdateMs, double StormyUpdateMs, IReadOnlyList<double> ResumedMs);

/// <summary>What <c>bench goodput</c> prints: the share of time that is not lost to failures.</summary>
/// <param name="Ranks">Of the job, a process with one thread each.</param>
/// <param name="Spares">Members beyond them.</param>
/// <param name="Tokens">Of the sequence.</param>
/// <param name="Updates">Of each run.</param>
/// <param name="Every">Updates for each of which one rank was killed.</param>
/// <param name="Kills">In all disturbed runs.</param>
/// <param name="Seed">Of their places.</param>
/// <param name="UpdateMs">From commit to commit of undisturbed runs, median of their medians.</param>
/// <param name="Goodput">Median of the pairs.</param>
/// <param name="Accounted">Median of the pairs.</param>
/// <param name="DoneAgain">Committed updates that were done again.</param>
/// <param name="ResumedMsP50">From a kill to the next commit, half of them.</param>
/// <param name="ResumedMsMax">The longest.</param>
/// <param name="Pairs">One after the other.</param>
/// <param name="Difference">In what the runs differ; null if they are equal in every bit.</param>
internal sealed record GoodputRow(
    int Ranks, int Spares, int Tokens, int Updates, int Every, int Kills, int Seed, double UpdateMs, double Goodput, double Accounted, long DoneAgain, double ResumedMsP50,
    double ResumedMsMax, IReadOnlyList<GoodputPair> Pairs, string? Difference)
{
    /// <summary>What a run may lose to one killed rank in 100 updates of 100 ms, and no more.</summary>
    internal const double Bar = 0.93;

    internal bool IsGood => Goodput >= Bar && Difference is null;
}

/// <summary>Trains the same job with nobody killed and with a rank killed now and then, in turn, on one cluster.</summary>
internal sealed partial class GoodputBench : IAsyncDisposable
{
    private const int CheckpointEvery = 25;
    private const int WarmUpdates = 20;
    private static readonly TimeSpan LongestUpdate = TimeSpan.FromSeconds(2);

    private readonly GoodputOrder _order;
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly Random _random;
    private readonly ClusterPlace _place;
    private readonly CommitWatch _watch;
    private readonly MemberProcess _seed;
    private readonly CancellationToken _stop;
    private ConsoleLink? _link;

    private GoodputBench(GoodputOrder order, CancellationToken stop)
    {
        (_order, _random, _stop) = (order, new Random(order.Seed), stop);
        _place = new ClusterPlace(Path.Combine(_folder.Path, "state"));
        _watch = new CommitWatch(_place.Folder);
        var (program, host) = OwnProgram.Command;
        var members = (order.Ranks + order.Spares).ToString(CultureInfo.InvariantCulture);
        _seed = MemberProcess.Start(program, [.. host, "seed", "--members", members, "--state", _place.Folder], onErrorLine: _lines.Enqueue);
    }

    /// <param name="order">What to do.</param>
    /// <param name="say">Told of each run, in one line.</param>
    /// <param name="stop">Ends it all.</param>
    /// <exception cref="TimeoutException">The cluster did not go on; one line says after what.</exception>
    internal static async Task<GoodputRow> RunAsync(GoodputOrder order, Action<string> say, CancellationToken stop)
    {
        await using var bench = new GoodputBench(order, stop);
        return await bench.RunAsync(say);
    }

    public async ValueTask DisposeAsync()
    {
        if (_link is not null)
        {
            await _link.DisposeAsync();
        }

        await _seed.DrainAsync(TimeSpan.FromSeconds(20));
        await _seed.DisposeAsync();
        await _watch.DisposeAsync();
        _folder.Dispose();
    }

    // What the coordinator says when it issues an epoch that goes back behind what is committed.
    [GeneratedRegex(@"; (?<again>\d+) committed updates are done again")]
    private static partial Regex Again();

    private async Task<GoodputRow> RunAsync(Action<string> say)
    {
        await BenchCluster.UntilAsync(() => Task.FromResult(File.Exists(Path.Combine(_place.Folder, "seed.sock"))), "the seed did not come up");
        _link = await ConsoleLink.ConnectAsync(_place, _stop);
        var pairs = new List<GoodputPair>();
        string? difference = null;
        for (var pair = 0; pair < _order.Pairs; pair++)
        {
            // Processes that compile what they run would make the undisturbed run look slow.
            await TrainAsync($"warm-{pair}", WarmUpdates, _ => Task.FromResult<IReadOnlyList<long>>([]));
            // In turn the one and the other first: a machine that becomes slower or faster meanwhile takes no side.
            var early = pair % 2 == 0 ? await CalmAsync(pair) : default;
            var stormy = await TrainAsync($"stormy-{pair}", _order.Updates, KillAsync);
            var calm = pair % 2 == 0 ? early : await CalmAsync(pair);
            pairs.Add(new GoodputPair(
                BenchJson.Round(calm.Seconds, 3), BenchJson.Round(stormy.Seconds, 3), BenchJson.Round(calm.Seconds / stormy.Seconds, 4),
                BenchJson.Round(1 - (stormy.ResumedMs.Sum() / 1000 / stormy.Seconds), 4), calm.UpdateMs, stormy.UpdateMs, stormy.ResumedMs));
            difference ??= RunResult.Difference(ResultOf("calm-0"), ResultOf($"stormy-{pair}")) ?? (pair > 0 ? RunResult.Difference(ResultOf("calm-0"), ResultOf($"calm-{pair}")) : null);
            say(string.Create(CultureInfo.InvariantCulture, $"pair {pair + 1}: {calm.Seconds:F2} s undisturbed, {stormy.Seconds:F2} s with {stormy.ResumedMs.Count} kills: {pairs[^1].Goodput:P1}"));
        }

        double[] resumed = [.. pairs.SelectMany(pair => pair.ResumedMs)];
        var again = _lines.Select(line => Again().Match(line)).Where(match => match.Success).Sum(match => long.Parse(match.Groups["again"].Value, CultureInfo.InvariantCulture));
        return new GoodputRow(
            _order.Ranks, _order.Spares, _order.Tokens, _order.Updates, _order.Every, resumed.Length, _order.Seed,
            Measure.Median(pairs.Select(pair => pair.CalmUpdateMs)), Measure.Median(pairs.Select(pair => pair.Goodput)),
            Measure.Median(pairs.Select(pair => pair.Accounted)), again, resumed.Length > 0 ? Measure.Median(resumed) : 0, resumed.DefaultIfEmpty().Max(), pairs, difference);
    }

    private Task<TimedRun> CalmAsync(int pair) => TrainAsync($"calm-{pair}", _order.Updates, _ => Task.FromResult<IReadOnlyList<long>>([]));

    private RunResult ResultOf(string name) => RunResult.Of(Path.Combine(_folder.Path, name));

    private async Task<TimedRun> TrainAsync(string name, int updates, Func<JobId, Task<IReadOnlyList<long>>> meanwhile)
    {
        var file = SmallJob.Write(_folder.Path, name, _order.Tokens, updates, CheckpointEvery, export: true);
        var resolved = JobIntake.Resolve(file, ["--parallelism.ranks", _order.Ranks.ToString(CultureInfo.InvariantCulture)], replacesModel: false);
        var job = await _link!.SubmitAsync(resolved.ToSpec(), ConsoleLink.NewKey(), _stop);
        var kills = await meanwhile(job);
        await UntilAsync(job, record => record is JobStateChanged { State: JobState.Completed }, $"{name} was not completed", TimeSpan.FromMinutes(1) + (updates * LongestUpdate));
        var commits = _watch.CommitsOf(job);
        if (kills.Any(kill => ResumedAt(commits, kill) == 0))
        {
            throw new InvalidOperationException($"{name} was over before its last kill: updates are too short, give more --tokens than {_order.Tokens}");
        }

        return new TimedRun(
            Stopwatch.GetElapsedTime(commits[0].Seen, commits[^1].Seen).TotalSeconds,
            BenchJson.Round(Measure.Median(commits.Zip(commits.Skip(1), (one, next) => Stopwatch.GetElapsedTime(one.Seen, next.Seen).TotalMilliseconds)), 1),
            [.. kills.Select(kill => BenchJson.Round(Stopwatch.GetElapsedTime(kill, ResumedAt(commits, kill)).TotalMilliseconds, 1))]);
    }

    // What was reported before the kill may be committed after it: only the next epoch shows that the job goes on. 0 if none did.
    private static long ResumedAt(IReadOnlyList<(StepCommitted Step, long Seen)> commits, long kill) =>
        commits.FirstOrDefault(commit => commit.Seen > kill && commit.Step.Epoch > commits.Last(before => before.Seen <= kill).Step.Epoch).Seen;

    // One rank in each window of updates, not so close to its ends that it falls into the recovery from another one.
    private async Task<IReadOnlyList<long>> KillAsync(JobId job)
    {
        var kills = new List<long>();
        for (var window = 0; window < _order.Kills; window++)
        {
            await UntilAsync(job, record => record is StepCommitted step && step.StepsDone > window * _order.Every, "no progress", TimeSpan.FromMinutes(1));
            var holders = _watch.EpochOf(job)!.Members.Select(member => MemberIds.Of(_place, member.Name)).ToList(); // takes a while, which must not count
            var (update, rank, part) = ((window * _order.Every) + _random.Next(_order.Every / 10, _order.Every - (_order.Every / 10)), _random.Next(_order.Ranks), _random.NextDouble());
            await UntilAsync(job, record => record is StepCommitted step && step.StepsDone >= update, $"update {update} was not committed", TimeSpan.FromMinutes(1) + (_order.Every * LongestUpdate));
            var commits = _watch.CommitsOf(job);
            await Task.Delay(part * (commits.Count > 1 ? Stopwatch.GetElapsedTime(commits[^2].Seen, commits[^1].Seen) : TimeSpan.Zero), _stop);
            kills.Add(Stopwatch.GetTimestamp());
            LocalSignal.Send(holders[rank], LocalSignal.Sigkill);
        }

        return kills;
    }

    private Task<long> UntilAsync(JobId job, Func<LogRecord, bool> isIt, string orElse, TimeSpan patience) => _watch.UntilAsync(
        0,
        record => record is JobStateChanged { State: JobState.Failed or JobState.Cancelled } over && over.Job == job
            ? throw new InvalidOperationException($"the job is {over.State.ToString().ToLowerInvariant()}: {over.Verdict}")
            : JobOf(record) == job && isIt(record),
        orElse, patience, _stop);

    // From the first commit to the last, half of the intervals between them, and from each kill to the next commit.
    private readonly record struct TimedRun(double Seconds, double UpdateMs, IReadOnlyList<double> ResumedMs);

    private static JobId? JobOf(LogRecord record) => record switch
    {
        StepCommitted step => step.Job,
        JobStateChanged state => state.Job,
        _ => null,
    };
}
