using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Commands;
using ActorRing.Cluster.Cli.Soak;
using ActorRing.Cluster.Member;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What goes wrong on purpose.</summary>
internal enum GuardKind
{
    /// <summary>A bit of a weight, before an update.</summary>
    Weight,

    /// <summary>A bit of a moment, after an update.</summary>
    Moment,

    /// <summary>A bit of the copy of another rank's part.</summary>
    Copy,

    /// <summary>A gradient is NaN.</summary>
    Nan,

    /// <summary>A gradient is infinite.</summary>
    Inf,

    /// <summary>A bit of what a rank sends, on its way.</summary>
    Frame,
}

/// <summary>What is to be measured.</summary>
/// <param name="Ranks">Of the job, a member process with one thread each.</param>
/// <param name="Spares">Members beyond them.</param>
/// <param name="Kinds">Of faults.</param>
/// <param name="Trials">Of each kind.</param>
/// <param name="Seed">Of the ranks.</param>
/// <param name="IsGuarded">Whether state and frames are looked at; without that some of it must get through.</param>
internal sealed record GuardsOrder(int Ranks, int Spares, IReadOnlyList<GuardKind> Kinds, int Trials, int Seed, bool IsGuarded = true);

/// <summary>One kind of fault.</summary>
/// <param name="What">Goes wrong.</param>
/// <param name="Trials">As often.</param>
/// <param name="Found">By any rank.</param>
/// <param name="InTime">Before the next update was committed; frames and what is not finite: before anything was made of them.</param>
/// <param name="RightRank">Those where the rank that it was done to was blamed, and no other; what is not finite: where all ranks gave the same verdict.</param>
/// <param name="MsP50">From the fault until whoever found it said so, half of them; 0 for frames, which nobody waits for.</param>
/// <param name="MsMax">The longest.</param>
internal sealed record GuardRow(string What, int Trials, int Found, int InTime, int RightRank, double MsP50, double MsMax)
{
    internal bool IsGood => Found == Trials && InTime == Trials && RightRank == Trials;
}

/// <summary>What <c>bench guards</c> prints.</summary>
/// <param name="Ranks">Of the job.</param>
/// <param name="Spares">Members beyond them.</param>
/// <param name="Seed">Of the ranks.</param>
/// <param name="Kinds">Each kind of fault.</param>
/// <param name="Updates">That were compared with those of a job to which nothing was done.</param>
/// <param name="Difference">The first of them that ended in another state; null for none.</param>
internal sealed record GuardsRow(int Ranks, int Spares, int Seed, IReadOnlyList<GuardRow> Kinds, long Updates, long? Difference)
{
    internal bool IsGood => Difference is null && Kinds.All(kind => kind.IsGood);
}

/// <summary>Does to the ranks of a real job what bad memory and bad arithmetic do, and looks at who says what, and when. Frames: to ranks that are threads of this process.</summary>
internal sealed partial class GuardsBench : IAsyncDisposable
{
    private const int Tokens = 192;
    private const long LongJob = 100_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    // Some hundred updates: what has not been found by then is not found.
    private static readonly TimeSpan FindLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(2);

    private readonly GuardsOrder _order;
    private readonly TemporaryFolder _folder;
    private readonly SoakCluster _cluster;
    private readonly CommitWatch _watch;
    private readonly CancellationToken _stop;

    private GuardsBench(GuardsOrder order, TemporaryFolder folder, SoakCluster cluster, CancellationToken stop)
    {
        (_order, _folder, _cluster, _stop) = (order, folder, cluster, stop);
        _watch = new CommitWatch(cluster.Place.Folder);
    }

    /// <param name="order">What to do.</param>
    /// <param name="say">Told now and then how far it is, in one line.</param>
    /// <param name="stop">Ends it all.</param>
    /// <exception cref="TimeoutException">The cluster did not go on; one line says after what.</exception>
    internal static async Task<GuardsRow> RunAsync(GuardsOrder order, Action<string> say, CancellationToken stop)
    {
        IReadOnlyList<GuardRow> frames = order.Kinds.Contains(GuardKind.Frame) ? [Frames(order, stop)] : [];
        frames.ToList().ForEach(row => say($"{row.Found} of {row.Trials} frames"));
        if (order.Kinds is [GuardKind.Frame])
        {
            return new GuardsRow(order.Ranks, order.Spares, order.Seed, frames, 0, null);
        }

        var folder = new TemporaryFolder();
        await using var bench = new GuardsBench(order, folder, await SoakCluster.StartAsync(folder.Path, order.Ranks + order.Spares, stop), stop);
        return await bench.RunAsync(frames, say);
    }

    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync();
        await _cluster.DisposeAsync();
        _folder.Dispose();
    }

    private static GuardRow Frames(GuardsOrder order, CancellationToken stop)
    {
        var options = new CommunicatorOptions { Transport = TransportKind.SharedMemory, Deadline = Patience, ConnectDeadline = Patience, Secret = new byte[32], Verifies = order.IsGuarded };
        var (found, right) = (0, 0);
        for (var trial = 0; trial < order.Trials; trial++)
        {
            stop.ThrowIfCancellationRequested();
            var flip = FrameFlip.Draw(order.Seed + trial);
            var blames = FrameTrial.Run(options, [flip]);
            var isFound = blames.Any(blame => blame.Reason == CommunicationFailure.Damaged);
            found += isFound ? 1 : 0;
            right += isFound && blames.All(blame => blame.Peer == flip.Culprit) ? 1 : 0;
        }

        // The failed transfer has handed out nothing: found is found in time.
        return new GuardRow(Words.Of(GuardKind.Frame), order.Trials, found, found, right, 0, 0);
    }

    private async Task<GuardsRow> RunAsync(IReadOnlyList<GuardRow> frames, Action<string> say)
    {
        var job = await SubmitAsync("stormy");
        var random = new Random(_order.Seed);
        var kinds = _order.Kinds.Where(kind => kind != GuardKind.Frame).ToArray();
        var trials = new List<Trial>();
        for (var trial = 1; trial <= _order.Trials; trial++)
        {
            foreach (var kind in kinds)
            {
                var from = _cluster.LineCount;
                trials.Add(await TryAsync(job, kind, random.Next(_order.Ranks)));
                if (!trials[^1].IsRight || !trials[^1].IsInTime)
                {
                    say(string.Join('\n', [$"{trials[^1]}", .. _cluster.Lines.Skip(from)]));
                }
            }

            if (trial % Math.Max(1, _order.Trials / 10) == 0)
            {
                say(string.Create(CultureInfo.InvariantCulture, $"{trial} of each kind: {trials.Count(one => one.IsRight && one.IsInTime)} of {trials.Count} found in time and the right rank blamed"));
            }
        }

        await CancelAsync(job);
        var stormy = _watch.CommitsOf(job);
        var calmJob = await SubmitAsync("calm");
        await UntilCommittedAsync(calmJob, stormy.Count, TimeSpan.FromHours(4));
        await CancelAsync(calmJob);
        var difference = stormy.Zip(_watch.CommitsOf(calmJob)).FirstOrDefault(pair => pair.First.Step.Digest != pair.Second.Step.Digest || pair.First.Step.StepsDone != pair.Second.Step.StepsDone);
        return new GuardsRow(
            _order.Ranks, _order.Spares, _order.Seed, [.. kinds.Select(kind => Sum(kind, [.. trials.Where(trial => trial.Kind == kind)])), .. frames], stormy.Count, difference.First.Step?.StepsDone);
    }

    private static GuardRow Sum(GuardKind kind, IReadOnlyList<Trial> trials)
    {
        var times = trials.Where(trial => trial.Ms is not null).Select(trial => trial.Ms!.Value).DefaultIfEmpty().ToList();
        return new GuardRow(
            Words.Of(kind), trials.Count, trials.Count(trial => trial.Ms is not null), trials.Count(trial => trial.IsInTime), trials.Count(trial => trial.IsRight),
            BenchJson.Round(Measure.Median(times), 1), BenchJson.Round(times.Max(), 1));
    }

    // The rank's process says when it does it; from then on nothing is waited for but what is said of it.
    private async Task<Trial> TryAsync(JobId job, GuardKind kind, int rank)
    {
        var ring = await _cluster.TrainingRingAsync(_order.Ranks, _stop);
        var culprit = ring.Ranks[rank].Member.Name;
        var (from, records) = (_cluster.LineCount, _watch.Count);
        var (point, fault) = kind switch
        {
            GuardKind.Weight => (FaultPoint.Begin, Fault.Flip),
            GuardKind.Moment => (FaultPoint.Update, Fault.Flip),
            GuardKind.Copy => (FaultPoint.Replica, Fault.Flip),
            GuardKind.Inf => (FaultPoint.Reduce, Fault.Inf),
            _ => (FaultPoint.Reduce, Fault.Nan),
        };
        await ChaosCommand.ArmAsync(_cluster.Link, new ArmFault(ConsoleLink.NewKey(), new GlobalRank(rank), -1, point, fault, TimeSpan.Zero));
        var done = await LineAsync(from, line => Purpose().Match(line) is { Success: true } match && match.Groups["who"].Value == culprit ? match : null)
            ?? throw new TimeoutException($"rank {rank} did not do to itself what it was asked to: {Words.Of(fault)} at {Words.Of(point)}");
        var step = Number(done.Value, "step");
        var trial = kind switch
        {
            GuardKind.Copy => await CopyAsync(from, kind, culprit, step, done.Seen),
            GuardKind.Nan or GuardKind.Inf => await NonFiniteAsync(from, records, kind, ring.Epoch, step, done.Seen),
            _ => await StateAsync(kind, ring.Epoch, rank, step, done.Seen),
        };
        await UntilCommittedAsync(job, step + 1, Patience);
        return trial;
    }

    // The copy that is flipped is of an update before; all copies are looked at in the exchange that begins then, unless one is just being looked at.
    private async Task<Trial> CopyAsync(int from, GuardKind kind, string culprit, long step, long since)
    {
        var found = await LineAsync(from, line => Damaged().Match(line) is { Success: true } match ? match : null);
        return found is { } line
            ? new Trial(kind, MsBetween(since, line.Seen), Number(line.Value, "by") <= step, line.Value.Groups["who"].Value == culprit)
            : new Trial(kind, null, false, false);
    }

    // Every rank computes the update once more, and for the same reason.
    private async Task<Trial> NonFiniteAsync(int from, int records, GuardKind kind, RingEpoch epoch, long step, long since)
    {
        var verdicts = new Dictionary<string, string>(StringComparer.Ordinal);
        var last = await LineAsync(from, line =>
        {
            if (NonFinite().Match(line) is { Success: true } match && Number(match, "step") == step)
            {
                verdicts[match.Groups["who"].Value] = match.Groups["what"].Value;
            }

            return verdicts.Count == _order.Ranks ? verdicts : null;
        });
        StepCommitted? commit = null;
        await _watch.UntilAsync(records, record => record is StepCommitted one && (commit = one).StepsDone == step, $"update {step} was not committed", Patience, _stop);
        return new Trial(kind, last is { } all ? MsBetween(since, all.Seen) : null, last is not null && commit!.Epoch == epoch, last is not null && verdicts.Values.Distinct().Count() == 1);
    }

    // The rank itself finds that it has something else than all agreed on, and nothing that was made of it is committed.
    private async Task<Trial> StateAsync(GuardKind kind, RingEpoch epoch, int rank, long step, long since)
    {
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < FindLimit;)
        {
            _stop.ThrowIfCancellationRequested();
            var seen = Stopwatch.GetTimestamp();
            if ((await _cluster.RingAsync(_stop)).Outcomes.FirstOrDefault(ended => ended.Epoch == epoch) is { } outcome)
            {
                var isFound = outcome.Cause == EpochEnd.StateCorrupt;
                var mostDone = kind == GuardKind.Weight ? step - 1 : step;
                return new Trial(
                    kind, isFound ? MsBetween(since, seen) : null, isFound && outcome.StepsCommitted <= mostDone, isFound && outcome.Reason.StartsWith($"rank {rank} ", StringComparison.Ordinal));
            }
        }

        return new Trial(kind, null, false, false);
    }

    private async Task<JobId> SubmitAsync(string name)
    {
        var file = SmallJob.Write(_folder.Path, name, Tokens, LongJob, checkpointEvery: 50, export: false);
        var isGuarded = _order.IsGuarded ? "true" : "false";
        string[] settings = ["--parallelism.ranks", _order.Ranks.ToString(CultureInfo.InvariantCulture), "--guards.verify_frames", isGuarded, "--guards.verify_state", isGuarded];
        var job = await _cluster.Link.SubmitAsync(JobIntake.Resolve(file, settings, replacesModel: false).ToSpec(), ConsoleLink.NewKey(), _stop);
        await UntilCommittedAsync(job, 1, Patience);
        return job;
    }

    private async Task CancelAsync(JobId job)
    {
        await _cluster.Link.RunAsync(new SubmitterMachine(new ControlJob(ConsoleLink.NewKey(), job, JobVerb.Cancel), ConsoleLink.RetryEvery, ConsoleLink.Patience), _stop);
        await BenchCluster.UntilAsync(async () => (await _cluster.StatusAsync(job, _stop)).State == JobState.Cancelled, $"{job} was not cancelled");
    }

    private async Task UntilCommittedAsync(JobId job, long updates, TimeSpan patience) => await BenchCluster.UntilAsync(
        async () =>
        {
            _stop.ThrowIfCancellationRequested();
            var status = await _cluster.StatusAsync(job, _stop);
            return status.State == JobState.Failed ? throw new InvalidOperationException($"the job is failed: {status.Verdict}") : status.StepsCommitted >= updates;
        },
        $"update {updates} was not committed", patience);

    // Null if nobody says it.
    private async Task<(T Value, long Seen)?> LineAsync<T>(int from, Func<string, T?> find)
        where T : class
    {
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < FindLimit;)
        {
            _stop.ThrowIfCancellationRequested();
            foreach (var line in _cluster.LineCount > from ? _cluster.Lines.Skip(from) : [])
            {
                from++;
                if (find(line) is { } found)
                {
                    return (found, Stopwatch.GetTimestamp());
                }
            }

            await Task.Delay(LookEvery, _stop);
        }

        return null;
    }

    private static double MsBetween(long one, long other) => Stopwatch.GetElapsedTime(one, other).TotalMilliseconds;

    private static long Number(Match match, string group) => long.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\[(?<who>[^\]]+)\].* on purpose: .*, step (?<step>\d+)$")]
    private static partial Regex Purpose();

    [GeneratedRegex(@"^\[(?<who>[^\]]+)\].* is given up: .* changed in memory by update (?<by>\d+)")]
    private static partial Regex Damaged();

    [GeneratedRegex(@"^\[(?<who>[^\]]+)\].* step (?<step>\d+): (?<what>.* must be finite; the update was not made): it is computed once more")]
    private static partial Regex NonFinite();

    // Ms: until it was said; null if it was not.
    private readonly record struct Trial(GuardKind Kind, double? Ms, bool IsInTime, bool IsRight);
}
