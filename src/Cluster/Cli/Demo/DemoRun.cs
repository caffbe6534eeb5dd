using System.Diagnostics;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Cli.Demo;

/// <summary>A committed update.</summary>
/// <param name="At">Seconds since the cluster was started.</param>
/// <param name="Step">From 1.</param>
/// <param name="Loss">Mean over labelled tokens.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="Tokens">Of all ranks.</param>
/// <param name="Seconds">That it took.</param>
/// <param name="WaitShare">Share of them in which rank 0 waited for others.</param>
/// <param name="IsRepeated">Whether it was done again after a loss.</param>
internal sealed record DemoStep(double At, long Step, double Loss, double GradientNorm, long Tokens, double Seconds, double WaitShare, bool IsRepeated);

/// <summary>Something that happened.</summary>
/// <param name="At">Seconds since the cluster was started.</param>
/// <param name="Text">For people.</param>
internal sealed record DemoEvent(double At, string Text);

/// <summary>What a run of the demo's cluster was like, written down while it goes on; by the telemetry's thread, read by others once it is over.</summary>
/// <param name="ranks">That share the job.</param>
internal sealed class DemoRun(int ranks)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Lock _gate = new();
    private readonly List<DemoStep> _steps = [];
    private readonly List<DemoEvent> _events = [];
    private double _lostAt = double.NaN;
    private long _committedAtLoss;

    /// <summary>Updates, in the order in which they were committed.</summary>
    internal IReadOnlyList<DemoStep> Steps => Copy(_steps);

    /// <summary>What happened, in order.</summary>
    internal IReadOnlyList<DemoEvent> Events => Copy(_events);

    /// <summary>From the loss to the first update under way again; NaN while there was none.</summary>
    internal double SecondsToResume { get; private set; } = double.NaN;

    /// <summary>From the loss to the first update that nobody had made before; NaN while there was none.</summary>
    internal double SecondsToNewStep { get; private set; } = double.NaN;

    /// <summary>The ring as it was when last asked while all ranks trained; null if it never was.</summary>
    internal RingAnswer? Ring { get; set; }

    private double Now => Stopwatch.GetElapsedTime(_started).TotalSeconds;

    internal void Note(string text)
    {
        lock (_gate)
        {
            _events.Add(new DemoEvent(Now, text));
        }
    }

    internal void Take(TelemetryRow row)
    {
        lock (_gate)
        {
            switch (row)
            {
                case StepRow step:
                    var elapsed = step.Report.Elapsed.TotalSeconds;
                    var waits = elapsed > 0 ? step.Report.Waits.TotalSeconds / elapsed : 0;
                    _steps.Add(new DemoStep(Now, step.StepsDone, step.Report.Loss, step.Report.GradientNorm, step.Report.Tokens * ranks, elapsed, waits, step.IsRepeated));
                    if (double.IsNaN(SecondsToNewStep) && !double.IsNaN(_lostAt) && step.StepsDone > _committedAtLoss)
                    {
                        SecondsToNewStep = Now - _lostAt;
                        _events.Add(new DemoEvent(Now, $"update {step.StepsDone} is new: what was lost is made up for"));
                    }

                    break;
                case EpochRow { Phase: EpochPhase.None, Cause: EpochEnd.MemberExit or EpochEnd.SocketEnd or EpochEnd.Silence or EpochEnd.Stalled or EpochEnd.HopLate or EpochEnd.RankFailure } lost:
                    (_lostAt, _committedAtLoss) = (Now, _steps.Count == 0 ? 0 : _steps.Max(step => step.Step));
                    _events.Add(new DemoEvent(Now, $"epoch {lost.Epoch} ends: {lost.Reason}"));
                    break;
                case EpochRow { Phase: EpochPhase.Training } training:
                    if (double.IsNaN(SecondsToResume) && !double.IsNaN(_lostAt))
                    {
                        SecondsToResume = Now - _lostAt;
                    }

                    _events.Add(new DemoEvent(Now, $"epoch {training.Epoch} trains"));
                    break;
                case HopRow late:
                    _events.Add(new DemoEvent(Now, $"rank {late.Waiter.Index} waits for layer {late.Hop.Layer}, ring step {late.Hop.RingStep}; late is rank {late.Culprit.Index}"));
                    break;
                case StragglerRow straggler:
                    _events.Add(new DemoEvent(Now, straggler.Reason));
                    break;
                case JobRow job when job.Verdict.Length > 0:
                    _events.Add(new DemoEvent(Now, job.Verdict));
                    break;
            }
        }
    }

    private List<T> Copy<T>(List<T> list)
    {
        lock (_gate)
        {
            return [.. list];
        }
    }
}
