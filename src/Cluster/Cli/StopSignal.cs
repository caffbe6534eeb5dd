using System.Runtime.InteropServices;

namespace ActorRing.Cluster.Cli;

/// <summary>Ctrl-c and SIGTERM: the first asks the command to stop where it can keep what is done, the second ends the process.</summary>
internal sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly PosixSignalRegistration[] _registrations;

    internal StopSignal() =>
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal)];

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
        Console.Error.WriteLine("actorring: stopping after the step in hand and keeping what is done; once more ends at once");
        _asked.Cancel();
    }
}
