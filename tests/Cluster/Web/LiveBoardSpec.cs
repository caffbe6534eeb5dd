using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Web;
using ActorRing.Cluster.Specs.Telemetry;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Specs.Web;

public sealed class LiveBoardSpec
{
    private readonly LiveBoard _board = new(new FixedTime());
    private long _seen = LiveBoard.Nothing;

    [Fact]
    public void Board_must_give_the_whole_first_and_then_what_changed()
    {
        Assert.Equal("whole", Read().Name);
        _board.Take(Rows.Step(1), 8192);
        var first = Read();
        Assert.Equal("whole", first.Name);
        Assert.Equal("job-1", first.Data.GetProperty("job").GetString());
        Assert.Equal([1], first.Steps);
        _board.Take(Rows.Step(2), 8192);
        _board.Take(Rows.Job(JobState.Completed));
        var second = Read();
        Assert.Equal("change", second.Name);
        Assert.Equal([2], second.Steps);
        Assert.Equal(["job-1: completed"], second.Events);
        Assert.Empty(Read().Steps);
    }

    [Fact]
    public void Board_must_show_the_figures_of_an_update()
    {
        _board.Take(Rows.Step(3, repeated: true), 8192);
        var row = Read().Data.GetProperty("steps")[0];
        Assert.Equal([3, 2.5, 0.75, 4096, 2, 0.125, 1], row.EnumerateArray().Select(value => value.GetDouble()));
    }

    [Fact]
    public void Board_must_send_null_when_a_number_is_not_finite()
    {
        _board.Take(Rows.Step(1, loss: double.NaN), null);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, Read().Data.GetProperty("steps")[0][1].ValueKind);
    }

    [Fact]
    public void Board_must_begin_again_with_the_whole_when_another_job_moves()
    {
        _board.Take(Rows.Step(1), null);
        Read();
        _board.Take(Rows.Step(1, job: 2), null);
        var news = Read();
        Assert.Equal(("whole", "job-2"), (news.Name, news.Data.GetProperty("job").GetString()));
        Assert.Equal([1], news.Steps);
    }

    [Theory]
    [InlineData(1024, "change")]
    [InlineData(1025, "whole")]
    public void Board_must_give_the_whole_again_when_a_reader_fell_behind(int changes, string expected)
    {
        _board.Take(Rows.Step(1), null);
        Read();
        for (var step = 2; step < changes + 2; step++)
        {
            _board.Take(Rows.Step(step), null);
        }

        var news = Read();
        Assert.Equal(expected, news.Name);
        Assert.Equal(changes + 1, news.Steps[^1]);
    }

    [Fact]
    public void Board_must_wake_a_reader_when_something_changes_and_not_before()
    {
        Read();
        var waiting = _board.WaitAsync(_seen);
        Assert.False(waiting.IsCompleted);
        _board.ShowTrouble("x");
        Assert.True(_board.WaitAsync(_seen).IsCompleted);
        Assert.Equal("x", Read().Data.GetProperty("trouble").GetString());
        var again = _board.WaitAsync(_seen);
        _board.ShowTrouble("x");
        Assert.False(again.IsCompleted);
    }

    [Fact]
    public void Board_must_keep_the_last_two_hundred_events_on_one_line_each()
    {
        for (var job = 1; job <= 300; job++)
        {
            _board.Take(new Actors.Effects.JobRow(new JobId(job), JobState.Failed, "first line\r\n\r\ndata: <b>second</b> line"));
        }

        var events = Read().Events;
        Assert.Equal(200, events.Length);
        Assert.StartsWith("job-300: failed: first line", events[^1], StringComparison.Ordinal);
        Assert.Contains("<b>second</b>", events[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Board_must_tell_who_came_and_went_once_and_nothing_of_consoles()
    {
        _board.See(View(1, ("rank-0", true), ("console-7", true)));
        _board.See(View(2, ("rank-0", true), ("console-7", false)));
        _board.See(View(3, ("rank-0", false)));
        Assert.Equal(["rank-0 is here", "rank-0 is gone: socket_end"], Read().Events);
    }

    [Fact]
    public void Board_must_show_answers_and_a_needle_test()
    {
        _board.Show(Answers.Jobs(steps: 40, wanted: 100));
        _board.Show([Answers.Members(2)]);
        _board.Show([Answers.Ring(2, late: 1, slow: 0)]);
        _board.Take(Rows.Straggler(0, isSlow: true));
        _board.Show("eval/needle", [new NeedleCell { Model = "m", ContextLength = 256, DepthPercent = 50, Score = 0.5 }]);
        var data = Read().Data;
        Assert.Equal(100, data.GetProperty("jobs").GetProperty("rows")[0].GetProperty("wanted").GetInt64());
        Assert.Equal(["seed", "rank-0", "rank-1"], data.GetProperty("members").GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("name").GetString()));
        var ring = data.GetProperty("ring");
        Assert.Equal((1, 1.5, 9), (ring.GetProperty("late").GetInt32(), ring.GetProperty("ranks")[0].GetProperty("p50_ms").GetDouble(), ring.GetProperty("ranks")[0].GetProperty("p99_ms").GetDouble()));
        Assert.Equal([(12.5, 4.25), (12.5, 0)], ring.GetProperty("ranks").EnumerateArray().Select(rank => (rank.GetProperty("work_ms").GetDouble(), rank.GetProperty("slow").GetDouble())));
        Assert.Equal("slow", data.GetProperty("events")[0].GetProperty("kind").GetString());
        Assert.Equal(0.5, data.GetProperty("needle").GetProperty("cells")[0].GetProperty("score").GetDouble());
    }

    [Fact]
    public void Board_must_show_a_degraded_job_and_say_when_it_begins_and_ends()
    {
        _board.Show(Answers.Jobs(steps: 40, wanted: 100));
        Assert.Equal("full", Job().GetProperty("durability").GetString());
        _board.Take(Rows.Durability(isDegraded: true));
        _board.Show(Answers.Degraded(Answers.Jobs(steps: 60, wanted: 100)));
        var job = Job();
        Assert.Equal(("degraded", 40, 90, "rank 1: no space"), (job.GetProperty("durability").GetString(), job.GetProperty("degraded_since").GetInt32(),
            job.GetProperty("degraded_s").GetInt32(), job.GetProperty("degraded_cause").GetString()));
        _board.Take(Rows.Durability(isDegraded: false));
        _seen = LiveBoard.Nothing;
        Assert.Equal(["job-1 durability: degraded: rank 1: no space", "job-1 durability: full again: rank 1: no space"], Read().Events);
    }

    private System.Text.Json.JsonElement Job() => Read().Data.GetProperty("jobs").GetProperty("rows")[0];

    private static MemberView View(long version, params (string Name, bool IsUp)[] members) =>
        new(version, [.. members.Select(member => new Hosting.Engine.MemberStatus(new MemberRef(member.Name, 1), member.IsUp, member.IsUp ? MemberReason.Joined : MemberReason.SocketEnd))]);

    private LiveEvent Read() => LiveEvent.Parse(_board.Read(ref _seen));
}
