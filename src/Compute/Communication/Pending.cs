using System.Diagnostics.CodeAnalysis;

namespace ActorRing.Compute.Communication;

/// <summary>An operation under way. Wait for it once; <c>default</c> is one that is complete already.</summary>
[SuppressMessage("Performance", "CA1815:Override equals and operator equals on value types", Justification = "A handle to wait on, not to compare.")]
public readonly struct Pending
{
    private readonly Communicator? _communicator;
    private readonly long _operation;

    internal Pending(Communicator communicator, long operation)
    {
        _communicator = communicator;
        _operation = operation;
    }

    /// <summary>Whether <see cref="Wait"/> would return at once.</summary>
    public bool IsComplete => _communicator is null || _communicator.IsComplete(_operation);

    /// <summary>Returns when the operation is complete; received bytes may then be read and sent ones be overwritten.</summary>
    /// <exception cref="CommunicationException">It failed, at the latest at its deadline.</exception>
    /// <exception cref="ArgumentException">It was waited for already.</exception>
    public void Wait() => _communicator?.Wait(_operation);
}
