using System.Diagnostics;
using System.Diagnostics.Metrics;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Hosting.Telemetry.Http;

namespace ActorRing.Cluster.Specs.Telemetry;

public sealed class InstrumentsSpec : IDisposable
{
    private readonly Instruments _instruments = new(new FixedTime());
    private readonly TelemetryPages _pages;

    public InstrumentsSpec() => _pages = Pages(_instruments);

    public void Dispose()
    {
        _pages.Dispose();
        _instruments.Dispose();
    }

    [Fact]
    public void Instruments_must_count_a_committed_update()
    {
        _instruments.Take(Rows.Step(1));
        _instruments.Take(Rows.Step(2, loss: 2.25));
        _instruments.Take(Rows.Step(2, repeated: true, loss: 2.125));
        var samples = Read();
        Assert.Equal(2, samples["""actorring_train_steps_total{job="job-1",repeated="false"}"""]);
        Assert.Equal(1, samples["""actorring_train_steps_total{job="job-1",repeated="true"}"""]);
        Assert.Equal(2.125, samples["""actorring_train_loss{job="job-1"}"""]);
        Assert.Equal(0.75, samples["""actorring_train_grad_norm{job="job-1"}"""]);
        Assert.Equal(2, samples["""actorring_train_last_step{job="job-1"}"""]);
        Assert.Equal(3 * 4096, samples["""actorring_train_tokens_total{job="job-1",rank="0"}"""]);
        Assert.Equal(3 << 20, samples["""actorring_train_sent_bytes_total{job="job-1",rank="0"}"""]);
        Assert.Equal(0.75, samples["""actorring_train_wait_time_seconds_total{job="job-1",rank="0"}"""]);
        Assert.Equal(6, samples["""actorring_train_step_duration_seconds_sum{job="job-1",rank="0"}"""]);
        Assert.Equal(0, samples["""actorring_train_step_duration_seconds_bucket{job="job-1",rank="0",le="1"}"""]);
        Assert.Equal(3, samples["""actorring_train_step_duration_seconds_bucket{job="job-1",rank="0",le="2.5"}"""]);
    }

    [Fact]
    public void Instruments_must_count_epochs_by_the_cause_of_their_end()
    {
        _instruments.Take(Rows.EpochBegins());
        _instruments.Take(Rows.EpochEnds(EpochEnd.MemberExit));
        _instruments.Take(Rows.EpochEnds(EpochEnd.MemberExit));
        _instruments.Take(Rows.EpochEnds(EpochEnd.HopLate));
        var samples = Read();
        Assert.Equal(2, samples["""actorring_epochs_ended_total{cause="member_exit",job="job-1"}"""]);
        Assert.Equal(1, samples["""actorring_epochs_ended_total{cause="hop_late",job="job-1"}"""]);
        Assert.Equal(2, samples.Keys.Count(key => key.StartsWith("actorring_epochs_ended_total", StringComparison.Ordinal)));
    }

    [Fact]
    public void Instruments_must_show_jobs_by_state_and_forget_the_loss_of_one_that_is_over()
    {
        _instruments.Take(Rows.Job(JobState.Running));
        _instruments.Take(Rows.Step(1));
        _instruments.Take(Rows.Job(JobState.Queued, job: 2));
        Assert.Contains("""actorring_train_loss{job="job-1"}""", Read().Keys);
        _instruments.Take(Rows.Job(JobState.Completed));
        var samples = Read();
        Assert.Equal(1, samples["""actorring_jobs{state="completed"}"""]);
        Assert.Equal(1, samples["""actorring_jobs{state="queued"}"""]);
        Assert.Equal(0, samples["""actorring_jobs{state="running"}"""]);
        Assert.DoesNotContain("""actorring_train_loss{job="job-1"}""", samples.Keys);
    }

    [Fact]
    public void Instruments_must_show_a_running_job_as_degraded_from_the_first_failure_to_the_next_commit()
    {
        const string Gauge = """actorring_job_durability_degraded{job="job-1"}""";
        _instruments.Take(Rows.Step(1));
        Assert.Equal(0, Read()[Gauge]);
        _instruments.Take(Rows.Durability(isDegraded: true));
        Assert.Equal(1, Read()[Gauge]);
        _instruments.Take(Rows.Durability(isDegraded: false));
        Assert.Equal(0, Read()[Gauge]);
        _instruments.Take(Rows.Durability(isDegraded: true));
        _instruments.Take(Rows.Job(JobState.Cancelled));
        Assert.DoesNotContain(Gauge, Read().Keys);
    }

    [Fact]
    public void Instruments_must_show_members_late_hops_checkpoints_and_dropped_rows()
    {
        _instruments.SetMembersUp(4);
        _instruments.Take(Rows.Hop(culprit: 2));
        _instruments.CountCheckpoint(new(1));
        _instruments.Watch("metrics", () => 17);
        var samples = Read();
        Assert.Equal(4, samples["actorring_members_up"]);
        Assert.Equal(1, samples["""actorring_hops_late_total{rank="2"}"""]);
        Assert.Equal(1, samples["""actorring_checkpoints_committed_total{job="job-1"}"""]);
        Assert.Equal(17, samples["""actorring_telemetry_dropped_total{sink="metrics"}"""]);
    }

    [Fact]
    public void Instruments_must_show_slow_ranks_while_they_are_and_count_how_often_they_were_named()
    {
        _instruments.Take(Rows.Step(1));
        Assert.Equal(0, Read()["""actorring_stragglers{job="job-1"}"""]);
        _instruments.Take(Rows.Straggler(2, isSlow: true));
        _instruments.Take(Rows.Straggler(3, isSlow: true));
        _instruments.Take(Rows.Straggler(2, isSlow: false));
        var samples = Read();
        Assert.Equal(1, samples["""actorring_stragglers{job="job-1"}"""]);
        Assert.Equal(1, samples["""actorring_stragglers_named_total{job="job-1",rank="2"}"""]);
        _instruments.Take(Rows.Job(JobState.Completed));
        Assert.DoesNotContain("""actorring_stragglers{job="job-1"}""", Read().Keys);
    }

    [Fact]
    public void Instruments_must_stay_apart_when_a_process_has_two()
    {
        using var other = new Instruments(new FixedTime());
        using var otherPages = Pages(other);
        _instruments.Take(Rows.Step(1));
        other.Take(Rows.Step(1, job: 5));
        Assert.Equal(["""actorring_train_steps_total{job="job-1",repeated="false"}"""], Read().Keys.Where(IsSteps));
        Assert.Equal(["""actorring_train_steps_total{job="job-5",repeated="false"}"""], StrictPrometheus.Parse(otherPages.Metrics()).Keys.Where(IsSteps));
    }

    [Fact]
    public void Instruments_must_count_series_beyond_the_limit_when_labels_explode()
    {
        for (var rank = 0; rank < 2010; rank++)
        {
            _instruments.Take(Rows.Hop(rank));
        }

        var samples = Read();
        Assert.Equal(2000, samples.Keys.Count(key => key.StartsWith("actorring_hops_late_total", StringComparison.Ordinal)));
        Assert.Equal(10, samples["""actorring_telemetry_dropped_total{sink="series"}"""]);
    }

    [Fact]
    public void Instruments_must_trace_an_epoch_with_its_updates()
    {
        var ended = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => ReferenceEquals(source, _instruments.Activities),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Add,
        };
        ActivitySource.AddActivityListener(listener);
        _instruments.Take(Rows.EpochBegins());
        Assert.Null(Activity.Current);
        _instruments.Take(Rows.Step(1));
        _instruments.Take(Rows.EpochEnds(EpochEnd.Silence));
        Assert.Equal(["train step", "epoch"], ended.Select(activity => activity.DisplayName));
        Assert.Equal(ended[1].SpanId, ended[0].ParentSpanId);
        Assert.Equal(TimeSpan.FromSeconds(2), ended[0].Duration);
        Assert.Equal((ActivityStatusCode.Error, "rank 2 was silent"), (ended[1].Status, ended[1].StatusDescription));
        Assert.Equal("silence", ended[1].GetTagItem("actorring.cause"));
        Assert.Null(Activity.Current);
    }

    [Fact]
    public void Instruments_must_be_named_after_the_product() =>
        Assert.Equal(("ActorRing", "ActorRing"), (_instruments.Meter.Name, _instruments.Activities.Name));

    [Fact]
    public void Instruments_must_use_base_units_and_no_label_beyond_the_known_ones()
    {
        using var listener = new MeterListener();
        var instruments = new List<Instrument>();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (ReferenceEquals(instrument.Meter, _instruments.Meter))
            {
                instruments.Add(instrument);
            }
        };
        listener.Start();
        Assert.Equal(17, instruments.Count);
        Assert.All(instruments, instrument => Assert.StartsWith("actorring.", instrument.Name, StringComparison.Ordinal));
        Assert.All(instruments, instrument => Assert.True(instrument.Unit is null or "s" or "By" || instrument.Unit[0] == '{', instrument.Unit));
    }

    [Fact]
    public void Instruments_must_refuse_a_row_that_they_do_not_know()
    {
        var refusal = Assert.Throws<ArgumentException>(() => _instruments.Take(new StrangeRow()));
        Assert.Contains("row: StrangeRow; allowed: StepRow, StepRecalled, EpochRow, HopRow, StragglerRow, DurabilityRow, JobRow", refusal.Message, StringComparison.Ordinal);
    }

    private static bool IsSteps(string key) => key.StartsWith("actorring_train_steps_total", StringComparison.Ordinal);

    private static TelemetryPages Pages(Instruments instruments) => new(instruments, () => null, () => null, withRuntime: false);

    private SortedDictionary<string, double> Read() => StrictPrometheus.Parse(_pages.Metrics());

    private sealed record StrangeRow : TelemetryRow;
}
