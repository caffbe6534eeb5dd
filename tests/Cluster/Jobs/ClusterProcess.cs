using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Commands;
using ActorRing.Cluster.Member.Place;
using ActorRing.Cluster.Specs.Cli;

namespace ActorRing.Cluster.Specs.Jobs;

/// <summary>A cluster of real processes: <c>actorring up</c> or <c>seed</c> with its members, and a console to it.</summary>
internal sealed class ClusterProcess : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    private ClusterProcess(Process process, ClusterPlace place)
    {
        _process = process;
        Place = place;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    internal ClusterPlace Place { get; }

    /// <summary>The console; made anew by <see cref="ConnectAsync"/>.</summary>
    internal ConsoleLink Console { get; private set; } = null!;

    internal int ProcessId => _process.Id;

    /// <summary>Everything that its processes wrote.</summary>
    internal IReadOnlyList<string> Lines => [.. _lines];

    /// <summary>Starts a cluster whose seed starts its members.</summary>
    internal static async Task<ClusterProcess> StartAsync(string state, int members, params string[] arguments)
    {
        var cluster = Start(state, ["up", "--ranks", members.ToString(CultureInfo.InvariantCulture), .. arguments]);
        await cluster.ConnectAsync();
        return cluster;
    }

    /// <summary>Starts any command of the cluster.</summary>
    internal static ClusterProcess Start(string state, params string[] command) => StartBehind([], state, command);

    /// <summary>As <see cref="StartAsync"/>, with another program's command line before its own, which must leave the process that is started to it.</summary>
    internal static async Task<ClusterProcess> StartTracedAsync(string state, string[] tracer, string[] command)
    {
        var cluster = StartBehind(tracer, state, command);
        await cluster.ConnectAsync();
        return cluster;
    }

    private static ClusterProcess StartBehind(string[] tracer, string state, string[] command)
    {
        string[] line = [.. tracer, "dotnet", Path.Combine(AppContext.BaseDirectory, "actorring.dll"), .. command, "--state", state];
        var process = Process.Start(new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
        return new ClusterProcess(process, new ClusterPlace(Path.GetFullPath(state)) { IsAkka = command.Contains("akka") });
    }

    internal async Task ConnectAsync()
    {
        Assert.True(SpinWait.SpinUntil(() => File.Exists(Path.Combine(Place.Folder, Place.IsAkka ? "akka" : "seed.sock")) || _process.HasExited, Patience), "no seed came up");
        Console = await ConsoleLink.ConnectAsync(Place, CancellationToken.None);
    }

    internal Task<JobId> SubmitAsync(string job, params string[] overrides) =>
        SubmitCommand.SubmitAsync(Console, JobIntake.Resolve(job, overrides, replacesModel: true), ConsoleLink.NewKey(), CancellationToken.None);

    internal async Task<JobStatus> StatusAsync(JobId job) => await JobWatch.FindAsync(Console, job, CancellationToken.None);

    internal Task<RingAnswer> RingAsync() => JobWatch.RingAsync(Console, CancellationToken.None);

    /// <summary>Asks until a job is as it should be.</summary>
    internal async Task<JobStatus> AwaitAsync(JobId job, Func<JobStatus, bool> isSo, string what)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Patience)
        {
            var status = await StatusAsync(job);
            if (isSo(status))
            {
                return status;
            }

            Assert.False(Actors.Coordinator.JobRecord.IsFinal(status.State), $"{what}: {JobWatch.Line(status)}\n{Tail()}");
            await Task.Delay(10);
        }

        throw new TimeoutException($"{what}: {JobWatch.Line(await StatusAsync(job))}\n{Tail()}");
    }

    /// <summary>Waits until one of its processes writes a line with these words.</summary>
    internal async Task AwaitLineAsync(string words)
    {
        var clock = Stopwatch.StartNew();
        while (!_lines.Any(line => line.Contains(words, StringComparison.Ordinal)))
        {
            Assert.True(clock.Elapsed < Patience, $"nobody says '{words}'\n{Tail()}");
            await Task.Delay(10);
        }
    }

    internal Task<JobStatus> AwaitEndAsync(JobId job) => AwaitAsync(job, status => status.State == JobState.Completed, "the job was not completed");

    internal Task ArmAsync(int rank, FaultPoint point, Fault fault = Fault.Kill, long step = -1) =>
        ChaosCommand.ArmAsync(Console, new ArmFault(ConsoleLink.NewKey(), new GlobalRank(rank), step, point, fault, TimeSpan.FromMilliseconds(50)));

    internal string Tail() => string.Join('\n', Lines.TakeLast(60));

    /// <summary>SIGKILL: members that it started end with it.</summary>
    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Patience);
    }

    /// <summary>Waits for the end.</summary>
    internal async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (Console is not null)
        {
            await Console.DisposeAsync();
        }

        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(line);
        }
    }
}
