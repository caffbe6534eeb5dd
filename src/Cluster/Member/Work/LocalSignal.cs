using System.Runtime.InteropServices;

namespace ActorRing.Cluster.Member.Work;

/// <summary>Signals to processes of this machine.</summary>
internal static partial class LocalSignal
{
    internal const int Sigkill = 9;
    internal const int Sigstop = 19;
    internal const int Sigcont = 18;

    /// <summary>Sends a signal; nothing happens if there is no such process.</summary>
    internal static void Send(int process, int signal) => _ = Kill(process, signal);

    /// <summary>Raises a signal in the calling thread, which meets it before it does anything else; sent to the process, another thread might meet it later.</summary>
    internal static void Raise(int signal) => _ = RaiseRaw(signal);

    [LibraryImport("libc", EntryPoint = "raise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int RaiseRaw(int signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int process, int signal);
}
