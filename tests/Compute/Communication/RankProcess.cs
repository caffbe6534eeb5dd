using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>One rank of a spec as a process of its own.</summary>
internal sealed partial class RankProcess : IDisposable
{
    private const int SigStop = 19;

    private readonly Process _process;
    private readonly BlockingCollection<string> _lines = [];
    private readonly ConcurrentQueue<string> _errors = [];

    private RankProcess(Process process, int rank)
    {
        _process = process;
        Rank = rank;
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
            {
                _lines.Add(text);
            }
            else
            {
                _lines.CompleteAdding();
            }
        };
        process.ErrorDataReceived += (_, line) => _errors.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    internal int Rank { get; }

    internal static RankProcess Start(string scenario, string folder, TransportKind transport, int rank, int size, int deadlineMilliseconds, int count)
    {
        var program = Assembly.GetExecutingAssembly().Location;
        string[] arguments = [program, scenario, folder, transport.ToString(), .. new[] { rank, size, deadlineMilliseconds, count }.Select(n => n.ToString(CultureInfo.InvariantCulture))];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        // Start-up is most of what a rank of a spec does.
        start.Environment["DOTNET_TieredPGO"] = "0";
        return new RankProcess(Process.Start(start)!, rank);
    }

    /// <summary>Waits for the line that starts with <paramref name="word"/> and returns its time and what follows.</summary>
    internal (double Milliseconds, string[] Details) Await(string word, TimeSpan patience)
    {
        while (_lines.TryTake(out var line, patience))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words[0] == word)
            {
                return (double.Parse(words[1], CultureInfo.InvariantCulture), words[2..]);
            }
        }

        throw new InvalidOperationException($"rank {Rank} did not say '{word}': {string.Join(' ', _errors)}");
    }

    internal void Kill() => _process.Kill();

    internal void Stop() => Assert.Equal(0, SendSignal(_process.Id, SigStop));

    internal int WaitForExit()
    {
        Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(30)), $"rank {Rank} does not end");
        return _process.ExitCode;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _lines.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}

/// <summary>All ranks of a group as processes, and the folder in which they meet.</summary>
internal sealed class RankProcesses : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal RankProcesses(string scenario, TransportKind transport, int size, int deadlineMilliseconds = 30_000, int count = 0) =>
        Ranks = [.. Enumerable.Range(0, size).Select(rank => RankProcess.Start(scenario, _folder.Path, transport, rank, size, deadlineMilliseconds, count))];

    internal IReadOnlyList<RankProcess> Ranks { get; }

    public void Dispose()
    {
        foreach (var rank in Ranks)
        {
            rank.Dispose();
        }

        _folder.Dispose();
    }
}

/// <summary>A private folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("actorring-ranks-");

    internal string Path => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);
}
