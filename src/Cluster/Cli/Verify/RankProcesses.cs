using System.Diagnostics;
using ActorRing.Compute.Communication;

namespace ActorRing.Cluster.Cli.Verify;

/// <summary>Ranks as child processes of this one, with a private folder to meet in. What they print is handed on line by line.</summary>
internal sealed class RankProcesses : IDisposable
{
    /// <summary>The secret of the group, in the folder.</summary>
    internal const string SecretFile = "secret";

    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _ranks = [];

    /// <summary>Runs a command on every rank and waits for all. The first that fails ends the others.</summary>
    /// <param name="ranks">How many.</param>
    /// <param name="arguments">The command; <c>--folder</c>, <c>--rank</c> and <c>--ranks</c> are added.</param>
    /// <param name="line">Called for each line that a rank prints, one at a time.</param>
    /// <exception cref="InvalidOperationException">A rank failed; its last line of error is named.</exception>
    internal void Run(int ranks, IReadOnlyList<string> arguments, Action<int, string> line)
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, SecretFile), CommunicatorOptions.NewSecret());
        var errors = new string[ranks];
        for (var rank = 0; rank < ranks; rank++)
        {
            Start(rank, ranks, arguments, line, errors);
        }

        foreach (var (process, rank) in _ranks.Select((process, rank) => (process, rank)))
        {
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                End();
                throw new InvalidOperationException($"rank {rank} of {ranks} ended with code {process.ExitCode}: {errors[rank] ?? "it said nothing"}");
            }
        }
    }

    public void Dispose()
    {
        End();
        _ranks.ForEach(process => process.Dispose());
        _folder.Dispose();
    }

    private void Start(int rank, int ranks, IReadOnlyList<string> arguments, Action<int, string> line, string[] errors)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(RankProcesses).Assembly.Location);
        }

        foreach (var argument in (string[])[.. arguments, "--folder", _folder.Path, "--rank", $"{rank}", "--ranks", $"{ranks}"])
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException("a rank process could not be started");
        process.OutputDataReceived += (_, printed) =>
        {
            if (printed.Data is { } text)
            {
                lock (_ranks)
                {
                    line(rank, text);
                }
            }
        };
        process.ErrorDataReceived += (_, printed) => errors[rank] = printed.Data ?? errors[rank];
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _ranks.Add(process);
    }

    private void End()
    {
        foreach (var process in _ranks.Where(process => !process.HasExited))
        {
            process.Kill();
            process.WaitForExit();
        }
    }
}
