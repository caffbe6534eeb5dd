using System.Diagnostics;
using System.Globalization;

namespace ActorRing.Cluster.Cli.SaveFaults;

/// <summary>A <see cref="SaveProbe"/> as a child of this process.</summary>
internal sealed class SaveProcess : IDisposable
{
    private readonly Process _process;

    private SaveProcess(Process process) => _process = process;

    /// <summary>Returns when it has warmed up.</summary>
    internal static async Task<SaveProcess> StartAsync(CancellationToken stop)
    {
        var (program, host) = OwnProgram.Command;
        var start = new ProcessStartInfo(program, [.. host, SaveProbe.Name]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        var probe = new SaveProcess(Process.Start(start)!);
        try
        {
            return await probe._process.StandardOutput.ReadLineAsync(stop) == "ready" ? probe : throw new InvalidOperationException("the process that saves did not come up");
        }
        catch
        {
            probe.Dispose();
            throw;
        }
    }

    /// <summary>Saves in a folder while <c>strace</c> looks on or interferes.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="mutation">The rule to break.</param>
    /// <param name="attach">Given the thread that will save.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <returns>How it ended, and what became of <c>strace</c>. A process that was killed is of no use any more.</returns>
    internal async Task<(SaveEnd End, Strace Trace)> SaveAsync(string folder, SaveMutation mutation, Func<int, Strace> attach, CancellationToken stop)
    {
        await _process.StandardInput.WriteLineAsync($"{folder}\t{mutation}".AsMemory(), stop);
        await _process.StandardInput.FlushAsync(stop);
        var thread = int.Parse(await _process.StandardOutput.ReadLineAsync(stop) ?? throw new InvalidOperationException("the process that saves is gone"), CultureInfo.InvariantCulture);
        var trace = attach(thread);
        try
        {
            await _process.StandardInput.WriteLineAsync("go".AsMemory(), stop);
            await _process.StandardInput.FlushAsync(stop);
            var said = await _process.StandardOutput.ReadLineAsync(stop);
            if (said is null)
            {
                await _process.WaitForExitAsync(stop);
            }

            trace.AwaitEnd();
            return (new SaveEnd(SaveProbe.Said(folder), said == "done" ? null : said ?? "", said is null), trace);
        }
        catch
        {
            trace.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
