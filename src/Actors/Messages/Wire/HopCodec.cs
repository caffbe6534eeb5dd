using System.Collections.Immutable;
using ActorRing.Actors.Hops;

namespace ActorRing.Actors.Messages.Wire;

/// <summary>Transfers as bytes, by the rules of <see cref="MessageCodec"/>: one that is waited for, and many in a few numbers.</summary>
internal static class HopCodec
{
    private const int LeastTallyBytes = 36;
    private const int BucketBytes = 9;

    internal static void Write(WireWriter w, HopWait hop)
    {
        w.I64(hop.Step.Index); w.I32(hop.Unit); w.I32(hop.Layer); w.I32(hop.RingStep.Index); w.Flag(hop.IsBackward); w.I32(hop.Peer.Index); w.Time(hop.Waited);
    }

    internal static HopWait Wait(ref WireReader r) => new(new(r.I64()), r.I32(), r.I32(), new(r.I32()), r.Flag(), new(r.I32()), r.Time());

    internal static void Maybe(WireWriter w, HopWait? hop)
    {
        w.Flag(hop is not null);
        if (hop is not null)
        {
            Write(w, hop);
        }
    }

    internal static void Write(WireWriter w, ImmutableArray<HopTally> tallies)
    {
        w.Count(tallies.Length);
        foreach (var tally in tallies)
        {
            w.I32(tally.Peer.Index); w.I32(tally.Channel); w.I64(tally.Bytes); w.Time(tally.Elapsed); w.Time(tally.Waited); w.Count(tally.Times.Length);
            foreach (var bucket in tally.Times)
            {
                w.U8((byte)bucket.Index); w.I64(bucket.Count);
            }
        }
    }

    internal static ImmutableArray<HopTally> Tallies(ref WireReader r)
    {
        var tallies = ImmutableArray.CreateBuilder<HopTally>(r.Count(LeastTallyBytes, HopTallies.MostRows));
        while (tallies.Count < tallies.Capacity && r.Error == WireError.None)
        {
            tallies.Add(new(new(r.I32()), r.I32(), r.Natural(), r.Duration(), r.Duration(), Times(ref r)));
        }

        return tallies.ToImmutable();
    }

    internal static void Write(WireWriter w, HopFigures figures)
    {
        w.I64(figures.Transfers); w.I64(figures.Bytes); w.Time(figures.P50); w.Time(figures.P99); w.Time(figures.Elapsed); w.Time(figures.Waited);
    }

    internal static HopFigures Figures(ref WireReader r) => new(r.Natural(), r.Natural(), r.Duration(), r.Duration(), r.Duration(), r.Duration());

    // Ascending, so that there is one way to write them, and none twice.
    private static ImmutableArray<HopBucket> Times(ref WireReader r)
    {
        var times = ImmutableArray.CreateBuilder<HopBucket>(r.Count(BucketBytes, HopBuckets.Count));
        var last = -1;
        while (times.Count < times.Capacity && r.Error == WireError.None)
        {
            var bucket = new HopBucket(r.U8(HopBuckets.Count - 1), r.Natural());
            if (r.Error == WireError.None && (bucket.Index <= last || bucket.Count == 0))
            {
                r.Fail(WireError.OutOfRange);
            }

            last = bucket.Index;
            times.Add(bucket);
        }

        return times.ToImmutable();
    }
}
