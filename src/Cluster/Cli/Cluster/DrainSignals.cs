using System.Runtime.InteropServices;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>Ctrl-c and SIGTERM: the first asks a process of the cluster to leave in good order, the second ends it.</summary>
internal sealed class DrainSignals : IDisposable
{
    private readonly Action _drain;
    private readonly PosixSignalRegistration[] _registrations;
    private int _signals;

    internal DrainSignals(Action drain)
    {
        _drain = drain;
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal)];
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _signals) == 1)
        {
            context.Cancel = true;
            _drain();
        }
    }
}
