using System.Collections.Concurrent;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.GenericHost;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Specs.Cli;
using ActorRing.Cluster.Specs.Jobs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ActorRing.Cluster.Specs.GenericHost;

/// <summary>Members inside programs on .NET's generic host, in a cluster of real processes.</summary>
[Collection(OneConsole.Name)]
public class HostedMemberSpec
{
    private const int Steps = 60;

    [Fact]
    public async Task Job_must_end_bit_equal_when_the_program_that_hosts_a_rank_stops_and_another_takes_its_place()
    {
        using var folder = new TrainingFolder();
        await using (var calm = await ClusterProcess.StartAsync(folder.At("calm-state"), 2))
        {
            await calm.AwaitEndAsync(await calm.SubmitAsync(folder.Job("calm", Steps, ranks: 2, every: 100)));
        }

        await using var cluster = await ClusterProcess.StartAsync(folder.State, 1);
        await using var first = await HostedProgram.StartAsync(folder.State, "hosted");
        var job = await cluster.SubmitAsync(folder.Job("hosted", Steps, ranks: 2, every: 100));
        await cluster.AwaitAsync(job, status => status.StepsCommitted >= 10, "no progress");
        Assert.Contains((await cluster.RingAsync()).Ranks, rank => rank.Member.Name == "hosted");
        Assert.Equal(0, await first.EndAsync());
        await using var second = await HostedProgram.StartAsync(folder.State, "hosted-again");
        var end = await cluster.AwaitEndAsync(job);
        Assert.Equal(0, await second.EndAsync());

        Assert.Equal((JobState.Completed, 0L), (end.State, end.Losses));
        folder.AssertSameResult("calm", "hosted");
    }

    [Fact]
    public async Task Program_must_stop_in_good_order_when_the_cluster_lets_its_member_go()
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, 1);
        await using var program = await HostedProgram.StartAsync(folder.State, "hosted");
        await using var other = await HostedProgram.StartAsync(folder.State, "other", "--ActorRing:StopsHost=false");

        Assert.Equal(0, CommandRun.Of("cluster", "leave", "hosted", "--state", folder.State).ExitCode);
        Assert.Equal(0, CommandRun.Of("cluster", "leave", "other", "--state", folder.State).ExitCode);

        Assert.Equal(0, await program.ExitAsync());
        await other.AwaitLineAsync("asked to leave");
        await Task.Delay(TimeSpan.FromSeconds(1)); // longer than a seed leaves a process that should have ended
        Assert.True(other.IsAlive);
        Assert.Equal(0, await other.EndAsync());
    }

    [Fact]
    public async Task Program_must_stop_with_the_reason_when_the_cluster_does_not_want_its_member()
    {
        using var folder = new TrainingFolder();
        await using var cluster = await ClusterProcess.StartAsync(folder.State, 1);
        await using var program = await HostedProgram.StartAsync(folder.State, "hosted");
        await using var twin = HostedProgram.Start(folder.State, "hosted");

        Assert.Equal(1, await twin.ExitAsync());
        Assert.Contains(twin.Lines, line => line.Contains("hosted is occupied", StringComparison.Ordinal));
        Assert.True(program.IsAlive);
    }

    [Theory]
    [InlineData("Name", "seed", "ActorRing:Name is 'seed', allowed are")]
    [InlineData("Engine", "orleans", "ActorRing:Engine is 'orleans', allowed: auto, embedded, akka")]
    [InlineData("Seed", "10.1.2.3:4053", "ActorRing:Seed is 10.1.2.3:4053, beyond this machine, where certificates are needed")]
    [InlineData("TensorAddress", "192.0.2.1", "ActorRing:TensorAddress is '192.0.2.1'")]
    public async Task Program_must_not_start_with_a_setting_that_is_not_allowed(string key, string value, string message)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create($"{ActorRingOptions.Section}:{key}", (string?)value)]);
        builder.Services.AddActorRing();
        using var host = builder.Build();

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.StartsWith(message, Assert.Single(refused.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void Process_must_not_be_two_members() =>
        Assert.Throws<InvalidOperationException>(() => new ServiceCollection().AddActorRing().AddActorRing());

    private sealed class HostedProgram : IAsyncDisposable
    {
        private readonly ConcurrentQueue<string> _lines = new();
        private readonly MemberProcess _process;

        private HostedProgram(string[] settings) => _process = MemberProcess.Start(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "ActorRing.MemberHelper.dll"), "host", .. settings], onErrorLine: _lines.Enqueue, onOutputLine: _lines.Enqueue);

        internal IEnumerable<string> Lines => _lines;

        internal bool IsAlive => !_process.Exited.IsCompleted;

        internal static HostedProgram Start(string state, string name, params string[] more) => new([$"--ActorRing:State={state}", $"--ActorRing:Name={name}", .. more]);

        internal static async Task<HostedProgram> StartAsync(string state, string name, params string[] more)
        {
            var program = Start(state, name, more);
            await program.AwaitLineAsync($"joined as {name}");
            return program;
        }

        internal async Task AwaitLineAsync(string words)
        {
            var patience = Task.Delay(ClusterProcess.Patience);
            while (!_lines.Any(line => line.Contains(words, StringComparison.Ordinal)))
            {
                Assert.False(patience.IsCompleted || !IsAlive, $"the program does not say '{words}'\n{string.Join('\n', _lines)}");
                await Task.Delay(10);
            }
        }

        /// <summary>Waits for its own end.</summary>
        internal async Task<int> ExitAsync()
        {
            var exit = await _process.Exited.WaitAsync(ClusterProcess.Patience);
            await _process.OutputEnded;
            return exit.Code;
        }

        /// <summary>Ends it as a supervisor does: SIGTERM.</summary>
        internal async Task<int> EndAsync() => (await _process.DrainAsync(ClusterProcess.Patience)).Code;

        public ValueTask DisposeAsync() => _process.DisposeAsync();
    }
}
