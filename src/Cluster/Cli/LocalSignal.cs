using System.Runtime.InteropServices;

namespace ActorRing.Cluster.Cli;

/// <summary>Signals to processes of this machine.</summary>
internal static partial class LocalSignal
{
    internal const int Sigkill = 9;
    internal const int Sigstop = 19;

    /// <summary>Sends a signal; nothing happens if there is no such process.</summary>
    internal static void Send(int process, int signal) => _ = Kill(process, signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int process, int signal);
}
