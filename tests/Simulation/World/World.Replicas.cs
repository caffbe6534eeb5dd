using System.Collections.Immutable;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Simulation;

/// <content>What ranks have of each other in memory: it dies with the process, and nothing but the machines' word says what is there.</content>
internal sealed partial class World
{
    /// <summary>Epochs that started from memory.</summary>
    internal long FromMemory { get; private set; }

    private void Replicate(SimMember member, Replicate order)
    {
        var session = Current(member, order.Epoch, "replicates");
        var (ring, rank) = (session.Ring, session.Rank);
        Demand(order.StepsDone == session.StepsDone && !session.IsComputing, "S4",
            $"{member.Id} replicates update {order.StepsDone} in state {session.StepsDone}");
        Demand(order.StepsDone > ring.OfferedBy[rank], "S3", $"{member.Id} replicates update {order.StepsDone} twice");
        var ranks = ring.Connected.Length;
        ring.OfferedBy[rank] = order.StepsDone;
        member.Replicas[(order.Job.Number, order.StepsDone, ranks, rank)] = session.Digest;
        session.CopiesSince = session.CopiesSince < 0 ? Now : session.CopiesSince;
        session.CopiesFrom = (rank + ranks - 1) % ranks;
        session.Copies.Enqueue(order.StepsDone);
        Run(member, session, _random.Between(0, 3), () => Copy(member, session, order));
    }

    // The part of the rank before comes in once that rank has offered it.
    private void Copy(SimMember member, SimSession session, Replicate order)
    {
        var (ring, rank) = (session.Ring, session.Rank);
        var ranks = ring.Connected.Length;
        var previous = (rank + ranks - 1) % ranks;
        if (IsSplit(ring) || ring.OfferedBy[previous] < order.StepsDone || session.Copies.Peek() != order.StepsDone)
        {
            Run(member, session, 5, () => Copy(member, session, order));
            return;
        }

        var key = (order.Job.Number, order.StepsDone, ranks, previous);
        Demand(ring.Connected[previous]!.Replicas.TryGetValue(key, out var part), "S7", $"{ring.Connected[previous]!.Id} has given up part {previous} of update {order.StepsDone} before {member.Id} has it");
        member.Replicas[key] = part;
        session.Copies.Dequeue();
        ring.ReplicatedBy[rank] = Math.Max(ring.ReplicatedBy[rank], order.StepsDone);
        session.CopiesSince = session.Copies.Count > 0 ? Now : -1;
        Feed(member, 0, new Replicated(order.Epoch, order.StepsDone, order.Digest, ranks == 1 ? [rank] : [rank, previous]));
    }

    private static void Keep(SimMember member, KeepReplicas keep)
    {
        foreach (var key in member.Replicas.Keys.Where(key => key.Job != keep.Job.Number || key.StepsDone < keep.From || key.StepsDone > keep.To).ToList())
        {
            member.Replicas.Remove(key);
        }
    }

    private void RestoreFromMemory(SimMember member, SimSession session, RestoreCheckpoint restore)
    {
        var ring = session.Ring;
        session.CopiesSince = session.CopiesSince < 0 ? Now : session.CopiesSince;
        for (var part = 0; part < restore.Holders.Length; part++)
        {
            var holder = ring.Connected[restore.Holders[part].Index]!;
            var isThere = holder.Replicas.TryGetValue((restore.Job.Number, restore.StepsDone, restore.Holders.Length, part), out var digest);
            if (IsSplit(ring) || (!isThere && ring.HasGivenUp))
            {
                session.CopiesFrom = restore.Holders[part].Index;
                Run(member, session, 5, () => RestoreFromMemory(member, session, restore));
                return;
            }

            Demand(isThere, "S7", $"{holder.Id} is asked for part {part} of update {restore.StepsDone} and does not have it");
            session.Digest = digest;
            if (digest != Reference(restore.Job.Number, restore.StepsDone, restore.Windows) || (!_isHealed && _random.Chance(_faults.Misread)))
            {
                // Whoever has it finds out, and lets go of it; or it never does, and says that it has it for ever.
                if (holder.Id.Incarnation % 2 == 0 && digest != Reference(restore.Job.Number, restore.StepsDone, restore.Windows)
                    && holder.Replicas.Remove((restore.Job.Number, restore.StepsDone, restore.Holders.Length, part)))
                {
                    ring.HasGivenUp = true;
                    Feed(holder, 0, new ReplicaDamaged(new(restore.Job, restore.StepsDone, default, restore.Holders.Length, part), "a bit is another one"));
                }

                Run(member, session, 2, () => Feed(member, 0, new RestoreFailed(restore.Epoch, "a part in memory is another one")));
                return;
            }
        }

        session.CopiesSince = -1;
        (session.StepsDone, ring.DoneBy[session.Rank]) = (restore.StepsDone, restore.StepsDone);
        FromMemory += session.Rank == 0 ? 1 : 0;
        Run(member, session, _random.Between(1, 6), () => Feed(member, 0, new Restored(restore.Epoch, session.StepsDone, new(session.Digest))));
    }

    // A bit in a memory: found when the part is loaded, at the latest.
    private void DamageReplica(SimMember member)
    {
        if (member.Replicas.Count > 0)
        {
            var key = member.Replicas.Keys.ElementAt(_random.Below(member.Replicas.Count));
            member.Replicas[key] ^= 1;
            Tell($"part {key.Part} of update {key.StepsDone} goes bad in the memory of {member.Id}");
        }
    }
}
