using System.Diagnostics;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Hosting.Telemetry;

/// <summary>Traces: one activity per epoch, and in it one per committed update. Costs nothing while nobody listens.</summary>
internal sealed class EpochSpans(ActivitySource source, TimeProvider time) : IDisposable
{
    private const int MostOpen = 1024;
    private readonly SortedDictionary<long, Activity> _open = [];
    private readonly Lock _gate = new();

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var activity in _open.Values)
            {
                activity.Dispose();
            }

            _open.Clear();
        }
    }

    internal void Take(EpochRow row)
    {
        lock (_gate)
        {
            if (row.Phase == EpochPhase.None)
            {
                End(row.Job.Number, row.Cause, row.Reason);
                return;
            }

            if (_open.TryGetValue(row.Job.Number, out var activity))
            {
                if (Equals(activity.GetTagItem("actorring.epoch"), row.Epoch.ToString()))
                {
                    activity.AddEvent(new ActivityEvent(Words.Of(row.Phase), time.GetUtcNow()));
                    return;
                }

                End(row.Job.Number, EpochEnd.None, "another epoch began");
            }

            if (_open.Count < MostOpen && Start("epoch", default, time.GetUtcNow()) is { } started)
            {
                started.SetTag("actorring.job", row.Job.ToString()).SetTag("actorring.epoch", row.Epoch.ToString());
                _open[row.Job.Number] = started;
            }
        }
    }

    internal void Take(JobRow row)
    {
        if (row.State is JobState.Completed or JobState.Failed or JobState.Cancelled)
        {
            lock (_gate)
            {
                End(row.Job.Number, EpochEnd.Operator, row.Verdict);
            }
        }
    }

    internal void Take(StepRow row)
    {
        if (!source.HasListeners())
        {
            return;
        }

        ActivityContext parent;
        lock (_gate)
        {
            parent = _open.TryGetValue(row.Job.Number, out var epoch) ? epoch.Context : default;
        }

        var end = time.GetUtcNow();
        if (Start("train step", parent, end - row.Report.Elapsed) is { } step)
        {
            step.SetTag("actorring.job", row.Job.ToString()).SetTag("actorring.epoch", row.Epoch.ToString()).SetTag("actorring.step", row.StepsDone)
                .SetTag("actorring.repeated", row.IsRepeated).SetTag("actorring.loss", row.Report.Loss).SetEndTime(end.UtcDateTime);
            step.Dispose();
        }
    }

    private Activity? Start(string name, ActivityContext parent, DateTimeOffset start)
    {
        // Starting makes an activity the current one of this thread's flow; whoever reports a row has nothing to do with it.
        var current = Activity.Current;
        Activity.Current = null;
        var activity = source.StartActivity(name, ActivityKind.Internal, parent, startTime: start);
        Activity.Current = current;
        return activity;
    }

    private void End(long job, EpochEnd cause, string reason)
    {
        if (!_open.Remove(job, out var activity))
        {
            return;
        }

        activity.SetTag("actorring.cause", Words.Of(cause)).SetTag("actorring.reason", reason).SetEndTime(time.GetUtcNow().UtcDateTime);
        if (cause is not (EpochEnd.Operator or EpochEnd.None))
        {
            activity.SetStatus(ActivityStatusCode.Error, reason);
        }

        var current = Activity.Current;
        activity.Dispose();
        Activity.Current = current;
    }
}
