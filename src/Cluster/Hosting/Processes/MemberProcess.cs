using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ActorRing.Cluster.Hosting.Processes;

/// <summary>A child process that is a member. Its exit is the best evidence there is: it comes within milliseconds and is never wrong.</summary>
/// <remarks>
/// The child's standard input is a pipe that only this process holds the other end of: when this process dies, however it dies, the child reads the end of it and
/// goes too (<see cref="ParentWatch"/>). Safe to use from several threads.
/// </remarks>
public sealed partial class MemberProcess : IAsyncDisposable
{
    private const int Lines = 64;
    private const int LongestLine = 2000;
    private readonly Process _process;
    private readonly LineRing _errors = new(Lines, LongestLine);
    private readonly LineRing _output = new(1, LongestLine);

    private MemberProcess(Process process, Action<string>? onErrorLine, Action<string>? onOutputLine)
    {
        _process = process;
        Id = process.Id;
        var errors = PumpAsync(process.StandardError, _errors, onErrorLine);
        OutputEnded = PumpAsync(process.StandardOutput, _output, onOutputLine);
        ErrorsEnded = errors;
        Exited = WaitAsync(errors);
    }

    /// <summary>Process id.</summary>
    public int Id { get; }

    /// <summary>Ends, never faulted, when the process is gone and reaped.</summary>
    public Task<MemberExit> Exited { get; }

    /// <summary>Ends when its standard error has: every line was handed on. May come after <see cref="Exited"/>.</summary>
    public Task ErrorsEnded { get; }

    /// <summary>Ends when its standard output has: every line was handed on. May come after <see cref="Exited"/>.</summary>
    public Task OutputEnded { get; }

    /// <summary>What it last wrote to standard error: at most 64 lines of 2,000 characters, oldest first.</summary>
    public IReadOnlyList<string> LastLines => _errors.Lines;

    /// <summary>Starts a member.</summary>
    /// <param name="program">Path of an executable; no shell is involved.</param>
    /// <param name="arguments">One per argument, never split or expanded. Secrets do not belong here: other users can read them.</param>
    /// <param name="environment">Variables added to this process's own.</param>
    /// <param name="onErrorLine">Called, from one thread at a time, with each line of standard error; null to keep only the last lines.</param>
    /// <param name="onOutputLine">The same for standard output.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The program cannot be started.</exception>
    public static MemberProcess Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null,
        Action<string>? onErrorLine = null, Action<string>? onOutputLine = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment[ParentWatch.Variable] = "1";
        // The runtime's door for debuggers is a socket and two pipes in the folder for temporary files, which a killed process leaves there. Whoever wants it sets the variable to 1.
        start.Environment.TryAdd("DOTNET_EnableDiagnostics", "0");
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new MemberProcess(Process.Start(start)!, onErrorLine, onOutputLine);
    }

    /// <summary>Fences the member: SIGKILL, then waits until it is gone. After that it can send and write nothing more; its rank may be given away.</summary>
    /// <remarks>Also for a stopped process. A process in uninterruptible I/O dies when that returns; give <paramref name="ct"/> a limit.</remarks>
    public async Task<MemberExit> KillAsync(CancellationToken ct = default)
    {
        Signal(9);
        return await Exited.WaitAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Asks the member to finish (SIGTERM) and waits; past <paramref name="grace"/> it is killed.</summary>
    public async Task<MemberExit> DrainAsync(TimeSpan grace, CancellationToken ct = default)
    {
        Signal(15);
        try
        {
            return await Exited.WaitAsync(grace, ct).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return await KillAsync(ct).ConfigureAwait(false);
        }
    }

    /// <summary>Sends a signal; nothing happens if the process has ended.</summary>
    public void Signal(int signal)
    {
        if (!Exited.IsCompleted && !_process.HasExited)
        {
            _ = KillRaw(Id, signal);
        }
    }

    /// <summary>Kills the member if it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillAsync().ConfigureAwait(false);
        _process.Dispose();
    }

    private async Task<MemberExit> WaitAsync(Task errors)
    {
        await _process.WaitForExitAsync().ConfigureAwait(false);
        var code = _process.ExitCode;
        // What was written just before the end is worth a moment; a grandchild that keeps the pipe open is not worth more.
        await errors.WaitAsync(TimeSpan.FromMilliseconds(20)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return new MemberExit(code, _errors.Lines);
    }

    private static async Task PumpAsync(StreamReader reader, LineRing ring, Action<string>? onLine)
    {
        using var pipe = reader; // the process does not close what others read
        var buffer = new char[2048];
        try
        {
            while (await reader.ReadAsync(buffer).ConfigureAwait(false) is > 0 and var count)
            {
                ring.Add(buffer.AsSpan(0, count), onLine);
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // The pipe ended with its process.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int KillRaw(int pid, int signal);
}
