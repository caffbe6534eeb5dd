using ActorRing.Native;

namespace ActorRing.Compute.Communication;

/// <summary>Which hop.</summary>
public readonly record struct HopLabel(int Layer, int RingStep, int Channel);

/// <summary>An operation under way.</summary>
public readonly struct Pending(Action wait)
{
    /// <summary>Waits.</summary>
    public void Wait() => wait();
}

/// <summary>Moves tensors between ranks.</summary>
public interface ICommunicator
{
    /// <summary>Sends.</summary>
    Pending Send(int peer, in Tensor data, HopLabel label);

    /// <summary>Receives.</summary>
    Pending Receive(int peer, in Tensor into, HopLabel label);
}
