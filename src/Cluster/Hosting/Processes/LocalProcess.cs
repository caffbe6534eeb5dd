using System.Diagnostics;
using System.Runtime.InteropServices;
using ActorRing.Cluster.Hosting.Engine;

namespace ActorRing.Cluster.Hosting.Processes;

/// <summary>A process of this machine that is no child of this one, held by a descriptor: its id cannot come to mean another process meanwhile.</summary>
internal sealed partial class LocalProcess
{
    private const int SysPidfdOpen = 434;
    private const int SysPidfdSendSignal = 424;
    private const short PollIn = 1;
    private const int Interrupted = 4; // EINTR: says nothing of the process
    private readonly int _descriptor;

    private LocalProcess(int descriptor) => _descriptor = descriptor;

    /// <summary>A process; null if it has ended.</summary>
    internal static LocalProcess? Find(ProcessRef? wanted)
    {
        if (wanted is not { Id: > 0 } known)
        {
            return null;
        }

        var descriptor = (int)PidfdOpen(SysPidfdOpen, known.Id, 0);
        if (descriptor < 0)
        {
            return null;
        }

        var process = new LocalProcess(descriptor);
        if (!process.HasEnded(0) && ProcessRef.Of(known.Id) == known)
        {
            return process;
        }

        process.Close();
        return null;
    }

    /// <summary>SIGKILL, and waits for the end. Ends the use of this object.</summary>
    internal async Task KillAsync()
    {
        _ = PidfdSendSignal(SysPidfdSendSignal, _descriptor, 9, 0, 0);
        await Task.Run(() =>
        {
            while (!HasEnded(1000))
            {
            }
        }).ConfigureAwait(false);
        Close();
    }

    /// <summary>Whether the process ends by itself within a time. Ends the use of this object.</summary>
    internal async Task<bool> EndsWithinAsync(TimeSpan time)
    {
        var ended = await Task.Run(() => HasEnded((int)time.TotalMilliseconds)).ConfigureAwait(false);
        Close();
        return ended;
    }

    // A pidfd can be read once its process has ended, reaped or not.
    private bool HasEnded(int milliseconds)
    {
        var poll = new PollDescriptor { Descriptor = _descriptor, Events = PollIn };
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var left = Math.Max(0, milliseconds - (int)Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            var ready = Poll(ref poll, 1, left);
            if (ready >= 0 || Marshal.GetLastPInvokeError() != Interrupted)
            {
                return ready > 0;
            }
        }
    }

    private void Close() => _ = CloseRaw(_descriptor);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint PidfdOpen(long number, int pid, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint PidfdSendSignal(long number, int descriptor, int signal, nint info, uint flags);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CloseRaw(int descriptor);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }
}
