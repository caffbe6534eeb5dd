using System.Globalization;

namespace ActorRing.Cluster.Hosting.Processes;

/// <summary>How a member process ended.</summary>
/// <param name="Code">What it returned; 128 + the signal if a signal ended it.</param>
/// <param name="LastLines">The end of what it wrote to standard error, oldest line first.</param>
public sealed record MemberExit(int Code, IReadOnlyList<string> LastLines)
{
    private static readonly Dictionary<int, string> Signals = new()
    {
        [1] = "SIGHUP", [2] = "SIGINT", [3] = "SIGQUIT", [4] = "SIGILL", [6] = "SIGABRT", [7] = "SIGBUS", [8] = "SIGFPE", [9] = "SIGKILL", [11] = "SIGSEGV",
        [13] = "SIGPIPE", [15] = "SIGTERM", [24] = "SIGXCPU", [31] = "SIGSYS",
    };

    /// <summary>The signal that ended it, or null. A process that itself returns 128 + n cannot be told apart.</summary>
    public int? Signal => Code is > 128 and < 160 ? Code - 128 : null;

    /// <summary>In a few words: <c>exit code 2</c>, <c>SIGKILL</c>.</summary>
    public string Describe() => Signal is { } signal
        ? Signals.GetValueOrDefault(signal, string.Create(CultureInfo.InvariantCulture, $"signal {signal}"))
        : string.Create(CultureInfo.InvariantCulture, $"exit code {Code}");
}
