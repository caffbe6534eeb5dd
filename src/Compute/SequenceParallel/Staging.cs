using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>Buffers for messages and partial results. Taken and given back within one pass; after the first pass of a shape nothing new is made.</summary>
internal sealed class Staging(ComputeDevice device) : IDisposable
{
    private readonly List<DeviceBuffer> _free = [];
    private readonly List<DeviceBuffer> _all = [];

    /// <summary>Bytes held, in use or not.</summary>
    internal long ByteCount => _all.Sum(buffer => buffer.ByteCount);

    public void Dispose()
    {
        foreach (var buffer in _all)
        {
            buffer.Dispose();
        }
    }

    /// <summary>A message of these rows, held once; contents are whatever was there before.</summary>
    internal RowMessage Message(RowSet rows, params Field[] fields) => new(Take(RowMessage.BytesOf(rows, fields)), rows, fields);

    /// <summary>A message that another rank lends, held once.</summary>
    internal RowMessage Lent(Loan loan, RowSet rows, Field[] fields) => new(device.Wrap(loan.Wait(), RowMessage.BytesOf(rows, fields)), loan, rows, fields);

    /// <summary>One more holder.</summary>
    internal static RowMessage Hold(RowMessage message)
    {
        message.Holders++;
        return message;
    }

    /// <summary>One holder less; the last one gives the buffer back, to whom it belongs.</summary>
    internal void Release(RowMessage message)
    {
        if (--message.Holders > 0)
        {
            return;
        }

        if (message.Loan is { } loan)
        {
            message.Buffer.Dispose();
            loan.Release();
            return;
        }

        Return(message.Buffer);
    }

    /// <summary>The smallest free buffer of at least so many bytes.</summary>
    internal DeviceBuffer Take(long byteCount)
    {
        var best = -1;
        for (var at = 0; at < _free.Count; at++)
        {
            if (_free[at].ByteCount >= byteCount && (best < 0 || _free[at].ByteCount < _free[best].ByteCount))
            {
                best = at;
            }
        }

        if (best >= 0)
        {
            var buffer = _free[best];
            _free.RemoveAt(best);
            return buffer;
        }

        var made = device.CreateBuffer(Math.Max(byteCount, 1));
        _all.Add(made);
        return made;
    }

    /// <summary>Gives a buffer back.</summary>
    internal void Return(DeviceBuffer buffer) => _free.Add(buffer);
}
