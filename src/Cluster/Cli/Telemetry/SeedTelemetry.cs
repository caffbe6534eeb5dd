using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Hosting.Telemetry.Http;
using ActorRing.Cluster.Hosting.Web;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;
using ActorRing.Cluster.Member.Work;
using ActorRing.Compute.Data;

namespace ActorRing.Cluster.Cli.Telemetry;

/// <summary>Where everything goes that a seed's machine has to say about itself: instruments, pages, the job's folder, the terminal.</summary>
/// <remarks>Nothing here is waited for: rows pass through a bounded queue whose oldest are dropped, so that a blocked terminal or disk slows nobody.</remarks>
internal sealed class SeedTelemetry : IAsyncDisposable
{
    private const int MostWaiting = 4096;

    private static readonly JsonSerializerOptions PlanJson = new() { WriteIndented = true, Converters = { new JsonStringEnumConverter() } };

    private readonly Instruments _instruments = new(TimeProvider.System);
    private readonly OtlpExport? _export;
    private readonly TelemetryPages? _pages;
    private readonly TelemetryServer? _server;
    private readonly LiveBoard? _board;
    private readonly string _needleFolder;
    private readonly Channel<Item> _rows;
    private readonly Task _taking;
    private readonly SortedDictionary<long, Place> _places = [];
    private long _dropped;
    private long _running;
    private BoardFeed? _feed;

    /// <param name="port">For the cluster's page, metrics and health pages; null for none, 0 for any.</param>
    /// <param name="needleFolder">Where needle tests keep their cells, for the page.</param>
    /// <param name="address">Where it listens; null for 127.0.0.1.</param>
    internal SeedTelemetry(int? port, string needleFolder = "", IPAddress? address = null)
    {
        _needleFolder = needleFolder;
        _rows = Channel.CreateBounded<Item>(new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest }, _ => Interlocked.Increment(ref _dropped));
        _instruments.Watch("seed", () => Interlocked.Read(ref _dropped));
        _export = OtlpExport.Start(_instruments);
        if (port is not null)
        {
            _board = new LiveBoard(TimeProvider.System);
            _pages = new TelemetryPages(_instruments, live: () => null, ready: () => null, board: _board);
            _server = TelemetryServer.Start(_pages, port.Value, address);
            ClusterLog.Write($"page of the cluster: http://{_server.Address}/; metrics and health: /metrics, /healthz/live, /healthz/ready");
        }

        _taking = Task.Run(TakeAllAsync);
    }

    /// <summary>Told every row as well, on the thread that shows them.</summary>
    internal Action<TelemetryRow>? Also { get; init; }

    /// <summary>Whether what members say goes to their files in the job's folder alone.</summary>
    internal bool KeepsMembersQuiet { get; init; }

    /// <summary>Whether updates are not printed.</summary>
    internal bool KeepsUpdatesQuiet { get; init; }

    /// <summary>Takes a row. Never waits.</summary>
    internal void Take(TelemetryRow row, JobRecord? job) => _rows.Writer.TryWrite(new Item(row, job?.Spec, job?.LastEpoch?.Members.Length ?? 0, null, null));

    /// <summary>Counts a committed TrainingCheckpoint.</summary>
    internal void CountCheckpoint(JobId job) => _instruments.CountCheckpoint(job);

    /// <summary>Takes what a member process of the seed wrote to its standard error. Never waits.</summary>
    internal void TakeLine(string member, string line) => _rows.Writer.TryWrite(new Item(null, null, 0, member, line));

    /// <summary>Who is connected from now on. Never waits.</summary>
    internal void SetMembers(MemberView view)
    {
        _board?.See(view);
        _instruments.SetMembersUp(view.Members.Count(status => status.IsUp && Hosting.Machines.Roles.Of(status.Member).Role == Role.Member));
    }

    /// <summary>Lets the page ask a cluster that can be reached by now; once.</summary>
    internal void Ask(ClusterPlace place)
    {
        if (_board is not null)
        {
            _feed = new BoardFeed(_board, place, _needleFolder);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _rows.Writer.TryComplete();
        await _taking.WaitAsync(TimeSpan.FromSeconds(2)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_feed is not null)
        {
            await _feed.DisposeAsync().ConfigureAwait(false);
        }

        if (_server is not null)
        {
            await _server.DisposeAsync().ConfigureAwait(false);
        }

        _pages?.Dispose();
        _export?.Dispose();
        _instruments.Dispose();
    }

    private async Task TakeAllAsync()
    {
        await foreach (var item in _rows.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            if (item.Row is null)
            {
                if (!KeepsMembersQuiet)
                {
                    Console.Error.WriteLine($"[{item.Member}] {item.Line}");
                }

                _places.GetValueOrDefault(_running)?.Folder?.AppendMemberLine(item.Member!, item.Line!);
            }
            else
            {
                _instruments.Take(item.Row);
                Also?.Invoke(item.Row);
                _board?.Take(item.Row);
                Show(item.Row, item);
            }
        }

        foreach (var place in _places.Values)
        {
            place.Folder?.Dispose();
        }
    }

    private void Show(TelemetryRow row, Item item)
    {
        switch (row)
        {
            case StepRow step:
                var place = PlaceOf(step.Job, item);
                var setting = place.SettingOf(step.StepsDone);
                place.Folder?.Append(step, setting);
                _board?.Take(step, setting.BatchTokens);
                if (!KeepsUpdatesQuiet && place.IsShown(step.StepsDone))
                {
                    Console.WriteLine(StepLine.Of(step, setting));
                }

                break;
            case StepRecalled recalled:
                var known = PlaceOf(recalled.Job, item);
                known.Folder?.Append(new StepRow(recalled.Job, recalled.Epoch, recalled.StepsDone, true, recalled.Report), known.SettingOf(recalled.StepsDone));
                break;
            case EpochRow { Phase: EpochPhase.Proposing } epoch:
                _running = epoch.Job.Number;
                PlaceOf(epoch.Job, item).WritePlan(item.Ranks);
                break;
            case JobRow job when JobRecord.IsFinal(job.State):
                ClusterLog.Write($"{job.Job}: {Words.Of(job.State)}{(job.Verdict.Length > 0 ? $": {job.Verdict}" : "")}");
                if (_places.Remove(job.Job.Number, out var over))
                {
                    over.Folder?.Dispose();
                }

                break;
        }
    }

    private Place PlaceOf(JobId job, Item item)
    {
        if (!_places.TryGetValue(job.Number, out var place))
        {
            _places[job.Number] = place = new Place(ResolvedJob.Of(item.Spec!.Payload.AsSpan()));
        }

        return place;
    }

    private sealed record Item(TelemetryRow? Row, JobSpec? Spec, int Ranks, string? Member, string? Line);

    // A job as far as its figures need it.
    private sealed class Place
    {
        private readonly ResolvedJob _job;
        private readonly (long First, Compute.Training.TrainingStage Stage)[] _stages;

        internal Place(ResolvedJob job)
        {
            _job = job;
            var corpus = new CorpusOptions(1, "");
            var first = 0L;
            _stages = [.. job.Settings.Stages.Select(stage =>
            {
                var from = first;
                first += stage.Steps;
                return (from, JobFile.StageOf(stage, corpus));
            })];
            try
            {
                Folder = RunFolder.Open(Path.GetDirectoryName(job.Settings.Output)!, Path.GetFileName(job.Settings.Output), TimeProvider.System, ClusterLog.Write);
            }
            catch (Exception fault) when (fault is IOException or ArgumentException)
            {
                ClusterLog.Write(fault.Message);
            }
        }

        internal RunFolder? Folder { get; }

        internal bool IsShown(long stepsDone) => stepsDone == 1 || stepsDone % _job.Settings.Training.LogEvery == 0 || stepsDone == _stages[^1].First + _stages[^1].Stage.Schedule.Steps;

        internal StepSetting SettingOf(long stepsDone)
        {
            var at = Array.FindLastIndex(_stages, stage => stage.First < stepsDone);
            var (first, stage) = _stages[at];
            return new StepSetting(stage.Name)
            {
                LearningRate = stage.Schedule.At(stepsDone - 1 - first),
                BatchTokens = (long)stage.Batch * stage.Accumulation * stage.Tokens,
                FlopsPerToken = _job.Model.FlopsPerTokenFull(stage.Tokens),
                CausalFlopsPerToken = _job.Model.FlopsPerToken(stage.Tokens),
            };
        }

        internal void WritePlan(int ranks)
        {
            var plan = JobPlanner.Plan(_job, ranks);
            var stages = plan.Stages.Select((stage, at) => new { name = _job.Settings.Stages[at].Name, plan = stage });
            Folder?.WritePlan(JsonSerializer.SerializeToUtf8Bytes(new { hash = plan.Hash, ranks, stages }, PlanJson));
        }
    }
}
