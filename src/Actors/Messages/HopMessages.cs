using System.Collections.Immutable;
using ActorRing.Actors.Hops;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Messages;

/// <summary>How many transfers took about as long.</summary>
/// <param name="Index">Of the interval: 0 to 247, longer times behind shorter ones.</param>
/// <param name="Count">Positive.</param>
public readonly record struct HopBucket(int Index, long Count);

/// <summary>What the transfers of one rank with one peer over one channel were like since the epoch began.</summary>
/// <param name="Peer">The other side; <see cref="Others"/> in the row of all that have none of their own.</param>
/// <param name="Channel">What travelled, as the compute side numbers it; -1 in the row of the others.</param>
/// <param name="Bytes">Of all of them.</param>
/// <param name="Elapsed">From the first byte asked for to the last one there, added up.</param>
/// <param name="Waited">The part of it in which the compute thread had nothing else to do, added up.</param>
/// <param name="Times">How many took how long, in ascending order of index.</param>
public sealed record HopTally(GlobalRank Peer, int Channel, long Bytes, TimeSpan Elapsed, TimeSpan Waited, ImmutableArray<HopBucket> Times)
{
    /// <summary>No peer in particular.</summary>
    public static GlobalRank Others => new(-1);
}

/// <summary>
/// A rank's transfers since its epoch began. Counts only grow, so a lost one is made up for by the next, and an older one is ignored. Sent about once a second.
/// </summary>
/// <param name="Epoch">In which one.</param>
/// <param name="Sequence">Grows within the life of the member.</param>
/// <param name="Deadline">What a transfer may take before the communicators give it up.</param>
/// <param name="Hops">At most 16.</param>
public sealed record HopSummary(RingEpoch Epoch, long Sequence, TimeSpan Deadline, ImmutableArray<HopTally> Hops) : Message;

/// <summary>Transfers in a few numbers.</summary>
/// <param name="Transfers">How many.</param>
/// <param name="Bytes">Of all of them.</param>
/// <param name="P50">Time that half of them do not exceed, within 1/16; zero if there were none.</param>
/// <param name="P99">Time that 99 of 100 do not exceed, within 1/16.</param>
/// <param name="Elapsed">Added up.</param>
/// <param name="Waited">The part of it in which the compute thread had nothing else to do.</param>
public sealed record HopFigures(long Transfers, long Bytes, TimeSpan P50, TimeSpan P99, TimeSpan Elapsed, TimeSpan Waited)
{
    /// <summary>The part of the time that was hidden behind work, from 0 to 1; null if there was none.</summary>
    public double? Overlap => Elapsed > TimeSpan.Zero ? 1 - ((double)Waited.Ticks / Elapsed.Ticks) : null;

    /// <summary>Some rows as one.</summary>
    internal static HopFigures Of(ReadOnlySpan<HopTally> tallies)
    {
        var times = new HopHistogram();
        long bytes = 0, elapsed = 0, waited = 0;
        foreach (var tally in tallies)
        {
            times.Add(tally.Times);
            bytes = HopHistogram.Sum(bytes, tally.Bytes);
            elapsed = HopHistogram.Sum(elapsed, tally.Elapsed.Ticks);
            waited = HopHistogram.Sum(waited, tally.Waited.Ticks);
        }

        return new(times.Total, bytes, times.Quantile(500), times.Quantile(990), new(elapsed), new(waited));
    }
}
