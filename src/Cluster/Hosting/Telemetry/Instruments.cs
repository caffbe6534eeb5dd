using System.Diagnostics;
using System.Diagnostics.Metrics;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Hosting.Telemetry;

/// <summary>
/// What a process measures: one meter and one activity source, both named <see cref="Name"/>. Each instance has its own, so two rings in one process stay apart
/// for listeners that compare the meter and not only its name.
/// </summary>
/// <remarks>
/// Made by the composition root, which also disposes it. Safe to use from several threads; every call ends within microseconds, whoever listens, as long as
/// listeners only add up. Labels are job, rank, state, cause, sink and whether an update was repeated: nothing that grows with time, apart from jobs.
/// </remarks>
public sealed class Instruments : IDisposable
{
    /// <summary>Of the meter and of the activity source.</summary>
    public const string Name = "ActorRing";

    private readonly JobGauges _jobs = new();
    private readonly EpochSpans _spans;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Func<long>> _sinks = new(StringComparer.Ordinal);
    private readonly Counter<long> _steps;
    private readonly Counter<long> _tokens;
    private readonly Histogram<double> _stepSeconds;
    private readonly Counter<double> _waits;
    private readonly Counter<long> _sentBytes;
    private readonly Counter<long> _epochs;
    private readonly Counter<long> _lateHops;
    private readonly Counter<long> _stragglers;
    private readonly Counter<long> _checkpoints;
    private int _membersUp;

    /// <summary>Makes all instruments.</summary>
    /// <param name="time">Wall clock for the start and the end of activities.</param>
    /// <param name="version">Of the product; told to listeners.</param>
    public Instruments(TimeProvider time, string? version = null)
    {
        Meter = new Meter(Name, version);
        Activities = new ActivitySource(Name, version);
        _spans = new EpochSpans(Activities, time);
        _steps = Meter.CreateCounter<long>("actorring.train.steps", "{step}", "Updates committed; repeated=\"true\" for those done again after a failure.");
        _tokens = Meter.CreateCounter<long>("actorring.train.tokens", "{token}", "Tokens that this rank processed in committed updates.");
        _stepSeconds = Meter.CreateHistogram<double>("actorring.train.step.duration", "s", "Duration of a committed update, as this rank saw it.", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000] });
        _waits = Meter.CreateCounter<double>("actorring.train.wait.time", "s", "Part of committed updates that this rank spent waiting for others.");
        _sentBytes = Meter.CreateCounter<long>("actorring.train.sent", "By", "Bytes that this rank sent in committed updates.");
        _epochs = Meter.CreateCounter<long>("actorring.epochs.ended", "{epoch}", "Epochs that ended, by cause.");
        _lateHops = Meter.CreateCounter<long>("actorring.hops.late", "{hop}", "Transfers past their deadline, by the rank at the end of the chain of waits.");
        _stragglers = Meter.CreateCounter<long>("actorring.stragglers.named", "{rank}", "Ranks that began to work so slowly that the others wait for them, by rank.");
        _checkpoints = Meter.CreateCounter<long>("actorring.checkpoints.committed", "{checkpoint}", "TrainingCheckpoints committed.");
        Meter.CreateObservableGauge("actorring.train.loss", _jobs.Losses, null, "Mean loss over the labelled tokens of the last committed update of a running job.");
        Meter.CreateObservableGauge("actorring.train.grad_norm", _jobs.GradientNorms, null, "Global gradient norm before clipping in the last committed update.");
        Meter.CreateObservableGauge("actorring.train.last_step", _jobs.StepsDone, "{step}", "Committed updates of a running job; goes back after a recovery from disk.");
        Meter.CreateObservableGauge("actorring.stragglers", _jobs.Stragglers, "{rank}", "Ranks of a running job that work so slowly that the others wait for them; 0 if none does.");
        Meter.CreateObservableGauge("actorring.jobs", _jobs.States, "{job}", "Jobs that this process knows of, by state.");
        Meter.CreateObservableGauge("actorring.job.durability.degraded", _jobs.Degraded, null, "1 while TrainingCheckpoints of a running job fail, 0 otherwise.");
        Meter.CreateObservableGauge("actorring.members.up", () => Volatile.Read(ref _membersUp), "{member}", "Members that are up.");
        Meter.CreateObservableCounter("actorring.telemetry.dropped", DroppedRows, "{row}", "Rows, lines and series that a full queue or a failing sink lost, by sink.");
    }

    /// <summary>For listeners of metrics; disposed with this object.</summary>
    public Meter Meter { get; }

    /// <summary>For listeners of traces; disposed with this object.</summary>
    public ActivitySource Activities { get; }

    /// <summary>Counts what a machine said about itself.</summary>
    public void Take(TelemetryRow row)
    {
        switch (row)
        {
            case StepRow step:
                OnStep(step);
                break;
            case EpochRow epoch:
                if (epoch.Phase == EpochPhase.None)
                {
                    _epochs.Add(1, Tag("job", Text(epoch.Job)), Tag("cause", Words.Of(epoch.Cause)));
                }

                _spans.Take(epoch);
                break;
            case HopRow hop:
                _lateHops.Add(1, Tag("rank", hop.Culprit.Index));
                break;
            case StragglerRow straggler:
                if (straggler.IsSlow)
                {
                    _stragglers.Add(1, Tag("job", Text(straggler.Job)), Tag("rank", straggler.Rank.Index));
                }

                _jobs.Take(straggler);
                break;
            case StepRecalled:
                // It was counted in the life in which it happened.
                break;
            case DurabilityRow durability:
                _jobs.Take(durability);
                break;
            case JobRow job:
                _jobs.Take(job);
                _spans.Take(job);
                break;
            default:
                throw new ArgumentException($"row: {row?.GetType().Name ?? "null"}; allowed: StepRow, StepRecalled, EpochRow, HopRow, StragglerRow, DurabilityRow, JobRow", nameof(row));
        }
    }

    /// <summary>Says how many members are up from now on.</summary>
    public void SetMembersUp(int count) => Volatile.Write(ref _membersUp, count);

    /// <summary>Counts a committed TrainingCheckpoint.</summary>
    public void CountCheckpoint(JobId job) => _checkpoints.Add(1, Tag("job", Text(job)));

    /// <summary>Adds a sink to <c>actorring.telemetry.dropped</c>; the same name again replaces it.</summary>
    /// <param name="sink">Label value, for example <c>metrics</c>.</param>
    /// <param name="dropped">How many it lost so far; called whenever metrics are read, must not wait.</param>
    public void Watch(string sink, Func<long> dropped)
    {
        lock (_gate)
        {
            _sinks[sink] = dropped;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _spans.Dispose();
        Meter.Dispose();
        Activities.Dispose();
    }

    private static KeyValuePair<string, object?> Tag(string name, object value) => new(name, value);

    private static string Text(JobId job) => job.ToString();

    private void OnStep(StepRow step)
    {
        var job = Tag("job", Text(step.Job));
        // The coordinator hears every rank but reports what rank 0 saw.
        var rank = Tag("rank", 0);
        _steps.Add(1, job, Tag("repeated", step.IsRepeated ? "true" : "false"));
        _tokens.Add(step.Report.Tokens, job, rank);
        _stepSeconds.Record(step.Report.Elapsed.TotalSeconds, job, rank);
        _waits.Add(step.Report.Waits.TotalSeconds, job, rank);
        _sentBytes.Add(step.Report.SentBytes, job, rank);
        _jobs.Take(step);
        _spans.Take(step);
    }

    private List<Measurement<long>> DroppedRows()
    {
        lock (_gate)
        {
            return [.. _sinks.Select(sink => new Measurement<long>(sink.Value(), Tag("sink", sink.Key)))];
        }
    }
}
