using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Compute.Communication;

namespace ActorRing.Cluster.Cli.Ranks;

/// <summary>Ranks as child processes of this one, with a private folder to meet in. None outlives this process; ctrl-c or SIGTERM ends them all, and what is run after it.</summary>
internal sealed class RankProcesses : IDisposable
{
    private readonly StopSignal _signal = new("stopped");

    public void Dispose() => _signal.Dispose();

    /// <summary>Runs a command on every rank and waits for all. The first that fails ends the others.</summary>
    /// <param name="ranks">How many.</param>
    /// <param name="arguments">The command; where the rank stands is added (<see cref="RankPlace"/>).</param>
    /// <param name="line">Called for each line that a rank prints, one at a time.</param>
    /// <exception cref="InvalidOperationException">A rank failed; how it ended and its last line of error are named.</exception>
    /// <exception cref="OperationCanceledException">A signal asked to stop.</exception>
    internal void Run(int ranks, IReadOnlyList<string> arguments, Action<int, string> line)
    {
        _signal.Token.ThrowIfCancellationRequested();
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(Path.Combine(folder.Path, RankPlace.SecretFile), CommunicatorOptions.NewSecret());
        RunAsync(ranks, rank => [.. arguments, .. new RankPlace(folder.Path, new(rank), ranks).Arguments], line, _signal.Token).GetAwaiter().GetResult();
    }

    private static async Task RunAsync(int ranks, Func<int, string[]> arguments, Action<int, string> line, CancellationToken stop)
    {
        var gate = new Lock();
        var processes = new List<MemberProcess>();
        try
        {
            for (var rank = 0; rank < ranks; rank++)
            {
                processes.Add(Start(arguments(rank), rank, (number, text) =>
                {
                    lock (gate)
                    {
                        line(number, text);
                    }
                }));
            }

            var running = processes.Select((process, rank) => EndAsync(process, rank, ranks)).ToList();
            while (running.Count > 0)
            {
                var ended = await Task.WhenAny(running).WaitAsync(stop).ConfigureAwait(false);
                running.Remove(ended);
                await ended.ConfigureAwait(false);
            }
        }
        catch (InvalidOperationException) when (stop.IsCancellationRequested)
        {
            // Ctrl-c reaches the ranks as well: they ended because this process was asked to stop.
            throw new OperationCanceledException(stop);
        }
        finally
        {
            foreach (var process in processes)
            {
                await process.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static MemberProcess Start(string[] arguments, int rank, Action<int, string> line)
    {
        var (program, host) = OwnProgram.Command;
        return MemberProcess.Start(program, [.. host, .. arguments], onOutputLine: text => line(rank, text));
    }

    private static async Task EndAsync(MemberProcess process, int rank, int ranks)
    {
        var exit = await process.Exited.ConfigureAwait(false);
        if (exit.Code != 0)
        {
            throw new InvalidOperationException($"rank {rank} of {ranks} ended: {exit.Describe()}: {(exit.LastLines is [.., var last] ? last : "it said nothing")}");
        }

        await process.OutputEnded.ConfigureAwait(false);
    }
}
