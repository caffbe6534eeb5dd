using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Messages.Wire;

/// <summary>What is in whose memory, as bytes.</summary>
internal static class ReplicaCodec
{
    internal static void Write(WireWriter w, ImmutableArray<Replica> replicas)
    {
        w.Count(replicas.Length);
        foreach (var replica in replicas)
        {
            w.I64(replica.Job.Number); w.I64(replica.StepsDone); w.Digest(replica.Digest); w.I32(replica.Parts); w.I32(replica.Part);
        }
    }

    internal static void Write(WireWriter w, ImmutableArray<GlobalRank> holders)
    {
        w.Count(holders.Length);
        foreach (var holder in holders)
        {
            w.I32(holder.Index);
        }
    }

    internal static ImmutableArray<Replica> Replicas(ref WireReader r)
    {
        var replicas = ImmutableArray.CreateBuilder<Replica>(r.Count(32, MemberHello.MostReplicas));
        while (replicas.Count < replicas.Capacity && r.Error == WireError.None)
        {
            replicas.Add(new(new(r.I64()), r.I64(), r.Digest(), r.I32(), r.I32()));
        }

        return replicas.ToImmutable();
    }

    internal static ImmutableArray<GlobalRank> Holders(ref WireReader r)
    {
        var holders = ImmutableArray.CreateBuilder<GlobalRank>(r.Count(4));
        while (holders.Count < holders.Capacity && r.Error == WireError.None)
        {
            holders.Add(new(r.I32()));
        }

        return holders.ToImmutable();
    }
}
