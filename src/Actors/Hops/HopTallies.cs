using System.Collections.Immutable;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Hops;

/// <summary>What one rank's transfers of one epoch were like so far, by peer and channel.</summary>
/// <remarks>Bounded: the first <see cref="MostRows"/> - 1 pairs have rows of their own, all others share the last one. Cost: 2 KiB a row.</remarks>
internal sealed class HopTallies
{
    internal const int MostRows = 16;
    private readonly List<Row> _rows = [];

    internal int Count => _rows.Count;

    internal void Add(HopDone hop)
    {
        var row = Find(hop.Peer, hop.Channel);
        var elapsed = Math.Max(0, hop.Elapsed.Ticks);
        row.Bytes = HopHistogram.Sum(row.Bytes, Math.Max(0, hop.Bytes));
        row.Elapsed = HopHistogram.Sum(row.Elapsed, elapsed);
        row.Waited = HopHistogram.Sum(row.Waited, Math.Clamp(hop.Waited.Ticks, 0, elapsed));
        row.Times.Add(hop.Elapsed);
    }

    internal ImmutableArray<HopTally> Rows()
    {
        var tallies = ImmutableArray.CreateBuilder<HopTally>(_rows.Count);
        foreach (var row in _rows)
        {
            tallies.Add(new(row.Peer, row.Channel, row.Bytes, new(row.Elapsed), new(row.Waited), row.Times.Buckets()));
        }

        return tallies.MoveToImmutable();
    }

    private Row Find(GlobalRank peer, int channel)
    {
        foreach (var row in _rows)
        {
            if (row.Peer == peer && row.Channel == channel)
            {
                return row;
            }
        }

        if (_rows.Count == MostRows)
        {
            return _rows[^1];
        }

        var isLast = _rows.Count == MostRows - 1;
        var added = isLast ? new Row(HopTally.Others, -1) : new Row(peer, channel);
        _rows.Add(added);
        return added;
    }

    private sealed class Row(GlobalRank peer, int channel)
    {
        internal GlobalRank Peer { get; } = peer;

        internal int Channel { get; } = channel;

        internal long Bytes { get; set; }

        internal long Elapsed { get; set; }

        internal long Waited { get; set; }

        internal HopHistogram Times { get; } = new();
    }
}
