using ActorRing.Actors.Ids;
using ActorRing.Compute.Sharding;
using ActorRing.Native;

namespace ActorRing.Compute.Training.Guards;

/// <summary>Compares what an update was computed with to what all ranks agreed on after the last one. A rank whose memory failed is the one that says so.</summary>
/// <remarks>
/// <para>Every rank has the hashes of all shards from the last digest. Before the update it hashes its weights, copies of other ranks' included, and the moments that it owns. So a bit
/// that flips in any of them, or on the way from their owner, is found in the next update, and nothing that was computed with it is applied.</para>
/// <para>Not found so: a gradient that changes, and what changes between this look and the end of the update.</para>
/// </remarks>
public sealed class StateGuard
{
    private const string Changed = " changed in memory since the update before";

    private readonly TrainingState _state;
    private readonly byte[]? _copy;

    /// <summary>From the state as it is now.</summary>
    /// <param name="state">Borrowed.</param>
    public StateGuard(TrainingState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _state = state;
        _copy = state.Parameters.ComputeType == ElementType.BFloat16 ? new byte[StateHash.ResultBytes] : null;
        Note();
    }

    /// <summary>The compute copy was made anew.</summary>
    /// <remarks>Cost: a pass over it on one core; nothing in float32.</remarks>
    public void Note() => HashCopy(_copy);

    /// <summary>Nothing has changed since the last digest.</summary>
    /// <exception cref="StateCorruptException">Something has, on this rank.</exception>
    /// <remarks>Cost: one pass over weights and owned moments on one core. Without a digest of the state before nothing but the compute copy is compared.</remarks>
    public void Require(TrainStep step)
    {
        Span<byte> copy = stackalloc byte[StateHash.ResultBytes];
        HashCopy(_copy is null ? default : copy);
        if (_copy is not null && !copy.SequenceEqual(_copy))
        {
            throw new StateCorruptException(step, $"the compute copy of the weights{Changed}");
        }

        if (_state.FindChange() is { } change)
        {
            throw new StateCorruptException(step, change + Changed);
        }
    }

    private void HashCopy(Span<byte> result)
    {
        if (!result.IsEmpty)
        {
            var hash = new StateHash();
            TensorBytes.Read(_state.Parameters.Device, _state.Parameters.Compute.Flat, hash.Append);
            hash.GetAndBegin(result);
        }
    }
}
