using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Hosting.Store;

namespace ActorRing.Cluster.Hosting.Seed;

/// <summary>Appends the coordinator's records in order, one after the other, outside its loop.</summary>
internal sealed class RecordWriter(RecordLog log)
{
    private Task _last = Task.CompletedTask;

    /// <summary>Appends and syncs; <see cref="LogAppended"/> or <see cref="LogFailed"/> comes back. From the host's loop only.</summary>
    internal void Append(AppendLog order, IMachineHost<MachineEvent> host)
    {
        var before = _last;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _last = done.Task;
        host.Perform(async _ =>
        {
            await before.ConfigureAwait(false);
            try
            {
                log.Append(LogCodec.Encode(order.Record));
                return new LogAppended(order.Sequence);
            }
            catch (Exception failure)
            {
                // Whatever it was: nobody may act as if the record were on the disk.
                return new LogFailed(failure.Message);
            }
            finally
            {
                done.SetResult();
            }
        });
    }

    /// <summary>Whether the file is still where it was: whoever removed or replaced it has taken the store away.</summary>
    internal bool IsHeld => log.IsInPlace;

    /// <summary>Ends when everything that was asked for is on the disk.</summary>
    internal Task Idle => _last;
}
