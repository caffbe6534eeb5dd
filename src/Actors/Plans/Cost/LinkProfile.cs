namespace ActorRing.Actors.Plans.Cost;

/// <summary>A way from one GPU to another.</summary>
/// <param name="Name">As <c>--link</c> spells it.</param>
/// <param name="BytesPerSecond">Achieved, one direction, for each GPU; both directions work at once.</param>
/// <param name="LatencySeconds">From posting a transfer to its first byte arriving, software included.</param>
/// <param name="RanksPerNode">GPUs that reach each other over it; 0 for any number.</param>
/// <param name="Source">Where the numbers come from.</param>
public sealed record LinkProfile(string Name, double BytesPerSecond, double LatencySeconds, int RanksPerNode, string Source)
{
    /// <summary>Seconds of one transfer.</summary>
    public double SecondsOf(double bytes) => bytes <= 0 ? 0 : LatencySeconds + (bytes / BytesPerSecond);
}

/// <summary>The links of a cluster: one inside a node, one between nodes.</summary>
/// <param name="Inside">Between GPUs of one node.</param>
/// <param name="Between">Between nodes, for each port.</param>
/// <param name="PortsPerNode">Ports that the GPUs of a node share; 0 for one each.</param>
public sealed record Interconnect(LinkProfile Inside, LinkProfile Between, int PortsPerNode = 0)
{
    /// <summary>GPUs of one node; no bound where <see cref="Inside"/> has none.</summary>
    public int RanksPerNode => Inside.RanksPerNode == 0 ? int.MaxValue : Inside.RanksPerNode;

    /// <summary>Whether that many consecutive GPUs need more than one node.</summary>
    public bool Spans(int gpus) => gpus > RanksPerNode;

    /// <summary>The slowest link that rings over <paramref name="gpus"/> consecutive GPUs have to cross.</summary>
    /// <param name="gpus">GPUs of all rings together.</param>
    /// <param name="crossing">Rings side by side, all of which leave a node at once and share its ports.</param>
    public LinkProfile RingLink(int gpus, int crossing) => Spans(gpus) ? Shared(Math.Min(crossing, RanksPerNode)) : Inside;

    // Between nodes, when that many GPUs of a node send at once: no GPU uses more than one port.
    private LinkProfile Shared(int senders) =>
        PortsPerNode == 0 || senders <= PortsPerNode ? Between : Between with { BytesPerSecond = Between.BytesPerSecond * PortsPerNode / senders };

    /// <summary>Seconds of a gather or reduce-scatter that brings every rank <paramref name="bytes"/> less its own part.</summary>
    /// <remarks>Every rank receives (G - 1)/G of it; over the network a node receives what its own GPUs do not hold, with all its GPUs' ports at
    /// once.</remarks>
    public double CollectiveSeconds(double bytes, int gpus)
    {
        if (gpus <= 1 || bytes <= 0)
        {
            return 0;
        }

        var inside = bytes * (gpus - 1) / gpus / Inside.BytesPerSecond;
        if (!Spans(gpus))
        {
            return Inside.LatencySeconds + inside;
        }

        var nodes = (double)gpus / RanksPerNode;
        return Between.LatencySeconds + Math.Max(inside, bytes * (nodes - 1) / nodes / (RanksPerNode * Shared(RanksPerNode).BytesPerSecond));
    }

    /// <summary>Seconds of an all-to-all in which each of that many consecutive ranks sends <paramref name="bytes"/> in all to the others.</summary>
    public double ExchangeSeconds(double bytes, int gpus)
    {
        if (gpus <= 1 || bytes <= 0)
        {
            return 0;
        }

        if (!Spans(gpus))
        {
            return Inside.SecondsOf(bytes);
        }

        var far = bytes * (gpus - RanksPerNode) / (gpus - 1);
        return Math.Max(Inside.SecondsOf(bytes - far), Shared(RanksPerNode).SecondsOf(far));
    }
}
