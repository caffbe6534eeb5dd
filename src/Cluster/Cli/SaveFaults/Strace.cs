using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ActorRing.Cluster.Member.Work;

namespace ActorRing.Cluster.Cli.SaveFaults;

/// <summary><c>strace</c> on one thread of another process, until that thread ends.</summary>
internal sealed partial class Strace : IDisposable
{
    // Of descriptors, and nothing that a disk could refuse.
    private static readonly string[] NotOfDisks = ["mmap", "mmap2", "poll", "ppoll", "select", "pselect6", "eventfd2", "pipe2"];
    private static readonly string[] Strikes = ["(INJECTED)", "(DELAYED)", "killed by SIGKILL"];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly string _output;

    private Strace(Process process, string output) => (_process, _output) = (process, output);

    /// <summary>Calls in their order, one a line, as far as it wrote them down.</summary>
    internal IEnumerable<string> Lines => File.ReadLines(_output);

    /// <summary>Whether the fault came.</summary>
    internal bool Struck => Lines.Any(line => Strikes.Any(strike => line.Contains(strike, StringComparison.Ordinal)));

    /// <summary>Names of the calls that are about files, in their order.</summary>
    internal IEnumerable<string> Calls => from line in Lines
                                          let name = CallName().Match(line).Groups[1].Value
                                          where name.Length > 0 && !NotOfDisks.Contains(name, StringComparer.Ordinal) && !name.StartsWith("epoll_", StringComparison.Ordinal)
                                          select name;

    /// <summary>Why it cannot be used here; null if it can.</summary>
    internal static string? WhyNot()
    {
        using var folder = new TemporaryFolder();
        try
        {
            using var sleeper = Process.Start(new ProcessStartInfo("sleep", ["60"]))!;
            try
            {
                using var strace = Attach(sleeper.Id, ["-e", "trace=none"], Path.Combine(folder.Path, "trace"));
                return null;
            }
            finally
            {
                sleeper.Kill();
                sleeper.WaitForExit();
            }
        }
        catch (Exception fault) when (fault is Win32Exception or InvalidOperationException)
        {
            return fault is Win32Exception ? "strace is missing (Debian: apt install strace)" : fault.Message;
        }
    }

    /// <summary>Writes down every call about files or descriptors.</summary>
    internal static Strace Watch(int thread, string output) => Attach(thread, ["-e", "trace=%file,%desc"], output);

    /// <summary>Lets one call go wrong.</summary>
    internal static Strace Inject(int thread, SaveCase place, TimeSpan delay, string output) => Attach(thread, ["-e", $"trace={place.Call}", "-e", place.Injection(delay)], output);

    /// <summary>Returns when the thread has ended.</summary>
    internal void AwaitEnd()
    {
        if (!_process.WaitForExit(Patience))
        {
            throw new TimeoutException($"strace did not end within {Patience}");
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            // Detaches; killed, it would leave the thread as it is in the middle of a call.
            LocalSignal.Send(_process.Id, 15);
            _process.WaitForExit(Patience);
        }

        _process.Dispose();
    }

    private static Strace Attach(int thread, string[] arguments, string output)
    {
        string[] line = ["-p", thread.ToString(CultureInfo.InvariantCulture), "-o", output, .. arguments];
        var process = Process.Start(new ProcessStartInfo("strace", line) { RedirectStandardError = true })!;
        var said = process.StandardError.ReadLine() ?? "nothing";
        if (said.EndsWith(" attached", StringComparison.Ordinal))
        {
            return new Strace(process, output);
        }

        process.WaitForExit();
        process.Dispose();
        throw new InvalidOperationException($"strace could not attach: {said}");
    }

    [GeneratedRegex(@"^(\w+)\(")]
    private static partial Regex CallName();
}
