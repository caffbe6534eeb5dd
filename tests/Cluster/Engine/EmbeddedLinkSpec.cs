using System.Diagnostics;
using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Hosting.Security;
using Xunit.Abstractions;

namespace ActorRing.Cluster.Specs.Engine;

/// <summary>What the embedded engine promises beyond the kit: who is let in, what a lost, stopped or killed peer looks like, and how fast.</summary>
#pragma warning disable CA1001 // xunit disposes by IAsyncLifetime.
public sealed class EmbeddedLinkSpec(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly EmbeddedCluster _cluster = new();
    private readonly Recorder _atSeed = new();
    private SeedEngine _seed = null!;

    public async Task InitializeAsync()
    {
        _seed = _cluster.NewSeed(new MemberRef("seed", 1));
        await _seed.StartAsync(_atSeed, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _seed.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Member_must_come_back_as_itself_when_only_its_connection_was_lost()
    {
        await using var member = _cluster.NewMember(new MemberRef("rank-1", 7));
        var sink = new Recorder();
        await member.StartAsync(sink, CancellationToken.None);
        await sink.AwaitUp(_seed.Self);
        // It must not be back before the seed has seen its old connection end: the seed would keep it, and say nothing of a loss.
        var door = _cluster.Settings.Address.UnixPath!;
        File.Move(door, door + ".away");
        member.Cut();
        await _atSeed.AwaitDown(member.Self, MemberReason.SocketEnd);
        await sink.AwaitDown(_seed.Self, MemberReason.SocketEnd);
        File.Move(door + ".away", door);
        await _atSeed.AwaitUp(member.Self);
        await sink.AwaitUp(_seed.Self, member.Self);
        Assert.Null(sink.Evicted);
    }

    [Fact]
    public async Task Process_of_a_member_must_be_known_but_for_one_that_has_other_things_to_do()
    {
        await using var alone = _cluster.NewMember(new MemberRef("rank-1", 7));
        await using var guest = new MemberEngine(_cluster.MemberSettings with { SharesProcess = true }, new MemberRef("rank-2", 8));
        await alone.StartAsync(new Recorder(), CancellationToken.None);
        await guest.StartAsync(new Recorder(), CancellationToken.None);

        Assert.Equal(Environment.ProcessId, _seed.ProcessOf(alone.Self)?.Id);
        Assert.Null(_seed.ProcessOf(guest.Self));
    }

    [Fact]
    public async Task Member_must_be_evicted_when_the_seed_comes_back_as_another_cluster()
    {
        var member = _cluster.NewMember(new MemberRef("rank-1", 7));
        var sink = new Recorder();
        await member.StartAsync(sink, CancellationToken.None);
        await _seed.DisposeAsync();
        await using var other = new SeedEngine(_cluster.Settings, new MemberRef("seed", 2), Guid.NewGuid());
        await other.StartAsync(new Recorder(), CancellationToken.None);
        await sink.AwaitEviction();
        Assert.Contains("is now of cluster", sink.Evicted, StringComparison.Ordinal);
        await member.DisposeAsync();
    }

    [Fact]
    public async Task Member_must_find_its_seed_again_when_that_is_restarted()
    {
        await using var member = _cluster.NewMember(new MemberRef("rank-1", 7));
        var sink = new Recorder();
        await member.StartAsync(sink, CancellationToken.None);
        await _seed.DisposeAsync();
        await using var next = _cluster.NewSeed(new MemberRef("seed", 2));
        await next.StartAsync(new Recorder(), CancellationToken.None);
        await sink.AwaitUp(next.Self, member.Self);
        Assert.Null(sink.Evicted);
    }

    [Fact]
    public async Task Member_must_be_told_both_versions_when_they_differ()
    {
        var member = new MemberEngine(_cluster.MemberSettings with { AppVersion = "other" }, new MemberRef("rank-1", 1));
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => member.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Equal("the seed runs version spec, this member other; run the same version on both", refusal.Message);
        await member.DisposeAsync();
    }

    [Theory]
    [InlineData("0.0.0.0:4053")]
    [InlineData("[::]:4053")]
    [InlineData("192.168.1.7:4053")]
    public void Seed_must_refuse_to_start_when_others_can_reach_it_and_there_are_no_certificates(string address)
    {
        var settings = _cluster.Settings with { Address = EngineAddress.Parse(address) };
        var refusal = Assert.Throws<InvalidOperationException>(() => new SeedEngine(settings, new MemberRef("seed", 1), Guid.NewGuid()));
        Assert.Equal($"address {address}: other machines can reach it, so certificates are needed (mutual TLS 1.3); set them, or use 127.0.0.1 or unix:PATH", refusal.Message);
    }

    [Fact]
    public async Task Second_seed_must_refuse_to_start_when_one_listens_at_the_address()
    {
        await using var second = new SeedEngine(_cluster.Settings, new MemberRef("seed", 2), Guid.NewGuid());
        var refusal = await Assert.ThrowsAsync<IOException>(() => second.StartAsync(new Recorder(), CancellationToken.None));
        Assert.EndsWith("another seed listens there", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Token_must_be_refused_when_others_can_read_it()
    {
        _ = _cluster.Settings;
#pragma warning disable CA1416 // Linux only, as all of the cluster is.
        File.SetUnixFileMode(_cluster.TokenFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
#pragma warning restore CA1416
        Assert.Contains("chmod 600", Assert.Throws<UnauthorizedAccessException>(() => ClusterToken.Read(_cluster.TokenFile)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Seed_must_see_a_killed_process_as_the_end_of_its_socket()
    {
        var trials = int.Parse(Environment.GetEnvironmentVariable("ACTORRING_KILLS") ?? "5", System.Globalization.CultureInfo.InvariantCulture);
        var times = new List<double>();
        for (var trial = 0; trial < trials; trial++)
        {
            var name = $"rank-{trial}";
            await using var process = Helper(name);
            var member = await JoinedAsync(name);
            var killed = Stopwatch.GetTimestamp();
            process.Signal(9);
            await _atSeed.AwaitDown(member, MemberReason.SocketEnd);
            times.Add(Stopwatch.GetElapsedTime(killed).TotalMilliseconds);
        }

        Report("kill -9 seen after ms", times);
        Assert.True(times.Order().ElementAt(times.Count / 2) < 50, string.Join(' ', times));
    }

    [Fact]
    public async Task Seed_must_see_a_stopped_process_as_silence_and_let_it_in_again_when_it_goes_on()
    {
        await using var process = Helper("rank-1");
        var member = await JoinedAsync("rank-1");
        var stopped = Stopwatch.GetTimestamp();
        process.Signal(19);
        await _atSeed.AwaitDown(member, MemberReason.Silence);
        var elapsed = Stopwatch.GetElapsedTime(stopped);
        process.Signal(18);
        await _atSeed.AwaitUp(member);
        output.WriteLine($"SIGSTOP seen after {elapsed.TotalMilliseconds:F0} ms");
        Assert.InRange(elapsed.TotalSeconds, 0.5, 10);
    }

    [Fact]
    public async Task Hop_must_take_a_fraction_of_a_millisecond()
    {
        await using var process = Helper("rank-1");
        var member = await JoinedAsync("rank-1");
        var times = new List<double>();
        var back = new SemaphoreSlim(0);
        _atSeed.OnEach = (_, _) => back.Release();
        for (var i = 0; i < 3000; i++)
        {
            var sent = Stopwatch.GetTimestamp();
            _seed.Tell(member, "a grant"u8.ToArray());
            Assert.True(await back.WaitAsync(Deadline));
            if (i >= 1000)
            {
                times.Add(Stopwatch.GetElapsedTime(sent).TotalMicroseconds / 2);
            }
        }

        Report("hop in µs", times);
        output.WriteLine($"member: {File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal))}");
        Assert.True(times.Order().ElementAt(times.Count / 2) < 1000);
    }

    private MemberProcess Helper(string name) => MemberProcess.Start("dotnet",
        [Path.Combine(AppContext.BaseDirectory, "ActorRing.MemberHelper.dll"), "join", _cluster.MemberSettings.Address.Text, _cluster.TokenFile, name]);

    private async Task<MemberRef> JoinedAsync(string name)
    {
        await _atSeed.AwaitUpByName(name);
        return _atSeed.Views[^1].Find(name)!.Member;
    }

    private void Report(string what, List<double> times)
    {
        times.Sort();
        output.WriteLine($"{what}: n {times.Count}, p50 {times[times.Count / 2]:F1}, p99 {times[(int)(times.Count * 0.99)]:F1}, max {times[^1]:F1}");
    }
}
