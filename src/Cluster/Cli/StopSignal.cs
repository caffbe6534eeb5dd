using System.Runtime.InteropServices;

namespace ActorRing.Cluster.Cli;

/// <summary>Ctrl-c and SIGTERM: the first asks the command to stop, the second ends the process.</summary>
internal sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly string _notice;

    /// <summary>For commands that can keep what is done.</summary>
    internal static StopSignal KeepingWhatIsDone() => new("stopping after the step in hand and keeping what is done; once more ends at once");

    /// <param name="notice">What the first signal makes the command say.</param>
    internal StopSignal(string notice)
    {
        _notice = notice;
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal)];
    }

    /// <summary>Cancelled by the first signal.</summary>
    internal CancellationToken Token => _asked.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _asked.Dispose();
    }

    /// <summary>What happens to the process is in <see cref="PosixSignalContext.Cancel"/> afterwards: true keeps it alive.</summary>
    internal void OnSignal(PosixSignalContext context)
    {
        if (_asked.IsCancellationRequested)
        {
            return;
        }

        context.Cancel = true;
        Console.Error.WriteLine($"actorring: {_notice}");
        _asked.Cancel();
    }
}
