using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ActorRing.Cluster.Specs.Cli;

/// <summary>The command line as a process of its own, for what only a process has: signals.</summary>
internal sealed partial class ChildProcess : IDisposable
{
    internal const int Sigint = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly Task<string> _errors;

    internal ChildProcess(params string[] arguments)
        : this(null, arguments)
    {
    }

    /// <param name="temporaryFolder">TMPDIR, or null for that of the specs.</param>
    /// <param name="arguments">Of the command line.</param>
    /// <param name="workingFolder">Where it runs; empty for where the specs do.</param>
    internal ChildProcess(JobFolder? temporaryFolder, string[] arguments, string workingFolder = "")
    {
        // Whoever runs the specs in the background has ctrl-c ignored, and children inherit that.
        string[] line = ["--default-signal=INT", .. temporaryFolder is null ? (string[])[] : [$"TMPDIR={temporaryFolder.Path}"], "dotnet", Path.Combine(AppContext.BaseDirectory, "actorring.dll"), .. arguments];
        _process = Process.Start(new ProcessStartInfo("env", line) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = workingFolder })!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Process id of the command.</summary>
    internal int Id => _process.Id;

    /// <summary>Reads on until a line starts so, and returns it; a command that does not say it is ended.</summary>
    internal string AwaitLine(string start)
    {
        using var limit = new Timer(_ => _process.Kill(), null, Patience, Timeout.InfiniteTimeSpan);
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (line.StartsWith(start, StringComparison.Ordinal))
            {
                return line;
            }
        }

        throw new InvalidOperationException($"the command ended before a line that starts with '{start}': {_errors.Result}");
    }

    internal void Signal(int number) => Assert.Equal(0, Kill(_process.Id, number));

    /// <summary>Waits for the end.</summary>
    internal CommandRun End()
    {
        var output = _process.StandardOutput.ReadToEndAsync();
        Assert.True(_process.WaitForExit(Patience), $"the command did not end within {Patience}");
        return new CommandRun(_process.ExitCode, output.Result, _errors.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries));
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

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int process, int signal);
}
