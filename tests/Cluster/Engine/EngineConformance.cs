using System.Text;
using ActorRing.Cluster.Hosting.Engine;

namespace ActorRing.Cluster.Specs.Engine;

/// <summary>A cluster of one kind of engine, for the kit.</summary>
public abstract class EngineCluster : IAsyncDisposable
{
    /// <summary>The seed, not started.</summary>
    public abstract ISeedEngine NewSeed(MemberRef self);

    /// <summary>A member, not started.</summary>
    public abstract IEngine NewMember(MemberRef self);

    /// <summary>Ends a member as the death of its process would.</summary>
    public abstract void Kill(IEngine member);

    public abstract ValueTask DisposeAsync();
}

/// <summary>What every engine must do. An engine joins with one class that makes its cluster.</summary>
public abstract class EngineConformance : IAsyncLifetime
{
    private static readonly MemberRef SeedRef = new("seed", 100);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly List<IEngine> _engines = [];
    private readonly Recorder _atSeed = new();
    private EngineCluster _cluster = null!;
    private ISeedEngine _seed = null!;

    /// <summary>How many join and leave one after the other.</summary>
    protected virtual int Joins => 200;

    protected abstract EngineCluster NewCluster();

    public async Task InitializeAsync()
    {
        _cluster = NewCluster();
        _seed = _cluster.NewSeed(SeedRef);
        _engines.Add(_seed);
        await _seed.StartAsync(_atSeed, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        foreach (var engine in Enumerable.Reverse(_engines))
        {
            await engine.DisposeAsync().AsTask().WaitAsync(Deadline);
        }

        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Engine_must_show_everybody_to_everybody_when_members_join()
    {
        var (one, atOne) = await Join("rank-1", 1);
        var (two, atTwo) = await Join("rank-2", 2);
        await _atSeed.AwaitUp(one.Self, two.Self);
        await atOne.AwaitUp(SeedRef, one.Self, two.Self);
        await atTwo.AwaitUp(SeedRef, one.Self, two.Self);
        Assert.Equal(["rank-1", "rank-2", "seed"], atTwo.Views[^1].Members.Select(status => status.Member.Name));
    }

    [Fact]
    public async Task Engine_must_carry_frames_both_ways_and_between_members_with_the_senders_name()
    {
        var (one, atOne) = await Join("rank-1", 1);
        var (two, atTwo) = await Join("rank-2", 2);
        one.Tell(SeedRef, "to seed"u8.ToArray());
        _seed.Tell(one.Self, "to one"u8.ToArray());
        one.Tell(two.Self, "to two"u8.ToArray());
        await Task.WhenAll(_atSeed.AwaitFrames(1), atOne.AwaitFrames(1), atTwo.AwaitFrames(1));
        Assert.Equal((one.Self, "to seed"), (_atSeed.Frames[0].From, _atSeed.Texts[0]));
        Assert.Equal((SeedRef, "to one"), (atOne.Frames[0].From, atOne.Texts[0]));
        Assert.Equal((one.Self, "to two"), (atTwo.Frames[0].From, atTwo.Texts[0]));
    }

    [Fact]
    public async Task Engine_must_reach_a_member_from_the_moment_at_which_it_has_started()
    {
        for (var nth = 1; nth <= Joins; nth++)
        {
            await using var member = _cluster.NewMember(new MemberRef($"rank-{nth}", nth));
            var sink = new Recorder();
            await member.StartAsync(sink, CancellationToken.None).WaitAsync(Deadline);
            _seed.Tell(member.Self, "first"u8.ToArray());
            await sink.AwaitFrames(1);
        }

        Assert.Equal(0, _seed.Dropped);
    }

    [Fact]
    public async Task Engine_must_carry_frames_of_any_allowed_size_unchanged()
    {
        var (one, _) = await Join("rank-1", 1);
        var (two, atTwo) = await Join("rank-2", 2);
        int[] sizes = [0, 1, 4095, 65536, EngineLimits.FrameBytes];
        foreach (var size in sizes)
        {
            one.Tell(two.Self, Pattern(size));
        }

        await atTwo.AwaitFrames(sizes.Length);
        Assert.Equal(sizes.Select(Pattern), atTwo.Frames.Select(frame => frame.Bytes).OrderBy(bytes => bytes.Length));
    }

    [Fact]
    public async Task Engine_must_not_keep_the_senders_buffer()
    {
        var (one, _) = await Join("rank-1", 1);
        var (two, atTwo) = await Join("rank-2", 2);
        var buffer = Encoding.UTF8.GetBytes("first");
        one.Tell(two.Self, buffer);
        buffer.AsSpan().Fill((byte)'x');
        await atTwo.AwaitFrames(1);
        Assert.Equal(["first"], atTwo.Texts);
    }

    [Fact]
    public async Task Engine_must_deliver_to_the_member_itself_but_not_from_inside_tell()
    {
        var (one, atOne) = await Join("rank-1", 1);
        var gate = new Lock();
        var inside = false;
        var nested = false;
        atOne.OnEach = (_, _) => nested |= gate.IsHeldByCurrentThread && inside;
        lock (gate)
        {
            inside = true;
            one.Tell(one.Self, "me"u8.ToArray());
            inside = false;
        }

        await atOne.AwaitFrames(1);
        Assert.False(nested);
        Assert.Equal((one.Self, "me"), (atOne.Frames[0].From, atOne.Texts[0]));
    }

    [Fact]
    public async Task Engine_must_refuse_a_frame_by_name_and_size_when_it_is_too_large()
    {
        var (one, _) = await Join("rank-1", 1);
        var refusal = Assert.Throws<FrameTooLargeException>(() => one.Tell(SeedRef, new byte[EngineLimits.FrameBytes + 1]));
        Assert.Equal("frame of 1048577 bytes to seed#100: at most 1048576 bytes are allowed", refusal.Message);
        Assert.Throws<FrameTooLargeException>(() => _seed.Tell(one.Self, new byte[EngineLimits.FrameBytes + 1]));
    }

    [Fact]
    public async Task Engine_must_report_a_member_as_left_when_it_is_disposed()
    {
        var (one, _) = await Join("rank-1", 1);
        await one.DisposeAsync();
        await _atSeed.AwaitDown(one.Self, MemberReason.Left);
    }

    [Fact]
    public async Task Engine_must_report_a_member_as_gone_to_all_when_it_is_killed()
    {
        var (one, _) = await Join("rank-1", 1);
        var (_, atTwo) = await Join("rank-2", 2);
        _cluster.Kill(one);
        await _atSeed.AwaitDown(one.Self, MemberReason.SocketEnd);
        await atTwo.AwaitDown(one.Self, MemberReason.SocketEnd);
    }

    [Fact]
    public async Task Engine_must_treat_a_restart_as_another_member()
    {
        var (first, _) = await Join("rank-1", 1);
        _cluster.Kill(first);
        await _atSeed.AwaitDown(first.Self, MemberReason.SocketEnd);
        var (second, atSecond) = await Join("rank-1", 2);
        await _atSeed.AwaitUp(second.Self);
        _seed.Tell(first.Self, "for the dead"u8.ToArray());
        _seed.Tell(second.Self, "for the living"u8.ToArray());
        await atSecond.AwaitFrames(1);
        Assert.Equal(["for the living"], atSecond.Texts);
        Assert.Equal(1, _seed.Dropped);
        Assert.Single(_atSeed.Views[^1].Members, status => status.Member.Name == "rank-1");
    }

    [Fact]
    public async Task Engine_must_tell_the_second_who_has_the_name_when_two_claim_it()
    {
        var (one, _) = await Join("rank-1", 1);
        var second = _cluster.NewMember(new MemberRef("rank-1", 2));
        _engines.Add(second);
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => second.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Equal("rank-1 is occupied by incarnation 1", refusal.Message);
        await _atSeed.AwaitUp(one.Self);
        Assert.True(_atSeed.Views[^1].IsUp(one.Self));
    }

    [Fact]
    public async Task Engine_must_tell_a_member_that_it_is_evicted_and_never_let_it_in_again()
    {
        var (one, atOne) = await Join("rank-1", 1);
        _seed.Evict(one.Self, "silent for 3 s");
        await atOne.AwaitEviction();
        Assert.Equal("silent for 3 s", atOne.Evicted);
        await _atSeed.AwaitDown(one.Self, MemberReason.Evicted);
        var again = _cluster.NewMember(one.Self);
        _engines.Add(again);
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => again.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Equal("incarnation 1 of rank-1 is finished: silent for 3 s", refusal.Message);
        var (next, _) = await Join("rank-1", 2);
        await _atSeed.AwaitUp(next.Self);
    }

    [Fact]
    public async Task Engine_must_drop_and_count_when_the_receiver_stops_reading()
    {
        var (one, atOne) = await Join("rank-1", 1);
        using var goOn = new ManualResetEventSlim();
        atOne.OnEach = (_, _) => goOn.Wait(Deadline);
        var frame = new byte[EngineLimits.FrameBytes];
        const int count = 200;
        for (var i = 0; i < count; i++)
        {
            // Never blocks: with an unbounded or blocking queue this spec ends in a deadlock or without a drop.
            _seed.Tell(one.Self, frame);
        }

        Assert.InRange(_seed.Dropped, 1, count - 1);
        goOn.Set();
        await atOne.AwaitFrames(count - (int)_seed.Dropped);
    }

    [Fact]
    public async Task Engine_must_never_overlap_calls_of_the_sink_when_all_members_send_at_once()
    {
        const int each = 500;
        var members = new List<IEngine>();
        for (var i = 1; i <= 4; i++)
        {
            members.Add((await Join($"rank-{i}", i)).Engine);
        }

        _atSeed.OnEach = (from, frame) => _seed.Tell(from, frame);
        await Task.WhenAll(members.Select(member => Task.Run(() =>
        {
            for (var i = 0; i < each; i++)
            {
                member.Tell(SeedRef, "x"u8.ToArray());
            }
        })));
        await _atSeed.AwaitFrames(members.Count * each);
        Assert.Equal(0, _atSeed.Overlaps);
    }

    [Fact]
    public async Task Engine_must_be_silent_and_free_its_place_when_it_is_disposed()
    {
        var (one, atOne) = await Join("rank-1", 1);
        await _seed.DisposeAsync().AsTask().WaitAsync(Deadline);
        var views = _atSeed.Views.Count;
        await one.DisposeAsync().AsTask().WaitAsync(Deadline);
        one.Tell(SeedRef, "nobody there"u8.ToArray());
        Assert.Equal(views, _atSeed.Views.Count);
        Assert.Empty(atOne.Frames);
        var next = _cluster.NewSeed(new MemberRef("seed", 101));
        _engines.Add(next);
        await next.StartAsync(new Recorder(), CancellationToken.None);
    }

    private async Task<(IEngine Engine, Recorder Sink)> Join(string name, long incarnation)
    {
        var engine = _cluster.NewMember(new MemberRef(name, incarnation));
        _engines.Add(engine);
        var sink = new Recorder();
        await engine.StartAsync(sink, CancellationToken.None).WaitAsync(Deadline);
        await sink.AwaitUp(engine.Self);
        return (engine, sink);
    }

    private static byte[] Pattern(int size) => [.. Enumerable.Range(0, size).Select(i => (byte)(i * 31))];
}
