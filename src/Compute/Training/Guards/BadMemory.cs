using ActorRing.Compute.Sharding;
using ActorRing.Native;

namespace ActorRing.Compute.Training.Guards;

/// <summary>Does on purpose what a bad memory does, so that guards can be seen at work.</summary>
public static class BadMemory
{
    private const int Bit = 1 << 20;

    /// <summary>A bit of one of a rank's weights becomes another one.</summary>
    public static void FlipWeight(TrainingState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Flip(state.Parameters.Device, state.Parameters.Master.Flat);
    }

    /// <summary>The same to a moment that the rank owns, if it owns any.</summary>
    public static void FlipMoment(TrainingState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Flip(state.Parameters.Device, state.Optimizer.First);
    }

    private static void Flip(ComputeDevice device, in Tensor tensor)
    {
        if (tensor.IsNone)
        {
            return;
        }

        var middle = tensor.Slice(0, tensor.Count / 2, 1);
        var bits = new int[1];
        device.Read<int>(middle, bits);
        device.Write<int>([bits[0] ^ Bit], middle);
    }
}
