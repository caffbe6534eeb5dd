using System.Runtime.InteropServices;

namespace ActorRing.Cluster.Hosting.Processes;

/// <summary>Ends a member process when the process that started it is gone: no orphan goes on computing, or holds a port or a GPU.</summary>
/// <remarks>
/// Reads standard input on a thread of its own until its end, which the kernel brings when the last holder of the other end dies. PR_SET_PDEATHSIG would not do: it
/// fires when the starting <em>thread</em> ends, and .NET's pool ends threads at will.
/// </remarks>
public static partial class ParentWatch
{
    /// <summary>Set by <see cref="MemberProcess.Start"/> in the environment of those it starts.</summary>
    public const string Variable = "ACTORRING_CHILD";

    /// <summary>What a process returns that ended because its parent was gone.</summary>
    public const int ExitCode = 3;

    /// <summary>Starts watching if this process was started by <see cref="MemberProcess"/>; otherwise does nothing. Call first thing in <c>Main</c>.</summary>
    /// <returns>Whether a parent is watched.</returns>
    public static bool StartIfChild()
    {
        if (Environment.GetEnvironmentVariable(Variable) is null)
        {
            return false;
        }

        // A process started by this one watches only if it is a member itself.
        Environment.SetEnvironmentVariable(Variable, null);
        new Thread(Watch) { IsBackground = true, Name = "parent watch" }.Start();
        return true;
    }

    private static void Watch()
    {
        using var input = Console.OpenStandardInput();
        Span<byte> buffer = stackalloc byte[64];
        try
        {
            while (input.Read(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
        }

        // At once and without handlers: the other threads may hang in native code.
        Exit(ExitCode);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void Exit(int code);
}
