using System.Diagnostics.CodeAnalysis;

namespace ActorRing.Compute.Communication;

/// <summary>Bytes of another rank, read where they lie. Wait for them, read, release, each once.</summary>
[SuppressMessage("Performance", "CA1815:Override equals and operator equals on value types", Justification = "A handle to wait on, not to compare.")]
public readonly struct Loan
{
    private readonly Communicator _communicator;
    private readonly long _operation;

    internal Loan(Communicator communicator, long operation)
    {
        _communicator = communicator;
        _operation = operation;
    }

    /// <summary>Waits until the bytes may be read.</summary>
    /// <returns>Their address, until <see cref="Release"/>; 0 where there are none.</returns>
    /// <exception cref="CommunicationException">The transfer failed, at the latest at its deadline; there is nothing to release.</exception>
    public nint Wait() => _communicator.WaitBorrowed(_operation);

    /// <summary>Lets go of the bytes.</summary>
    /// <exception cref="CommunicationException">The sender, or whose bytes they are, gave up before: what was read may have been overwritten.</exception>
    public void Release() => _communicator.Release(_operation);
}
