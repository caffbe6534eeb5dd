namespace ActorRing.Actors.Plans.Cost;

// P ranks, B rows, T tokens of a rank, D model dim, N query heads, K KV heads, H head dim, w inner window, W = P / w windows, U ranks of an all-to-all.

/// <summary>What one rank sends for one layer of one micro-batch. Closed forms; the busiest rank where ranks differ.</summary>
/// <param name="ForwardBytes">Forward.</param>
/// <param name="BackwardBytes">Backward, dK and dV included, recomputation not.</param>
/// <param name="ForwardHops">Transfers of a KV block (or of what travels in its place), or collectives, forward.</param>
/// <param name="BackwardHops">The same backward; dK and dV count as transfers of their own.</param>
/// <param name="KvBlockBytes">One transfer of K and V; for an all-to-all, one rank's share of all four tensors.</param>
/// <param name="KvGradientBytes">One transfer of dK and dV.</param>
/// <param name="BetweenNodesBytes">Of forward and backward, what leaves the node at the rank that sends most of it.</param>
/// <remarks>Sliding windows and documents only ever remove transfers; these forms do not, so they are upper bounds there. Sources: arXiv:2310.01889,
/// 2309.14509, 2310.03294, 2406.18485.</remarks>
public sealed record TrafficCost(
    double ForwardBytes, double BackwardBytes, int ForwardHops, int BackwardHops, double KvBlockBytes, double KvGradientBytes, double BetweenNodesBytes)
{
    /// <summary>Both directions, the forward pass that recomputation repeats included.</summary>
    public double LayerBytes(CostRecompute recompute) => ForwardBytes + BackwardBytes + (recompute == CostRecompute.Full ? ForwardBytes : 0);

    /// <summary>Transfers of one layer, likewise.</summary>
    public int LayerHops(CostRecompute recompute) => ForwardHops + BackwardHops + (recompute == CostRecompute.Full ? ForwardHops : 0);

    /// <summary>The traffic of a setting.</summary>
    /// <param name="model">The model.</param>
    /// <param name="setting">One that has no <see cref="ParallelSetting.Problem"/>.</param>
    /// <param name="links">Tells which ranks share a node; ranks of a group are consecutive, ranks of an all-to-all innermost.</param>
    public static TrafficCost Of(ModelCost model, ParallelSetting setting, Interconnect links)
    {
        var spans = links.Spans(setting.SequenceRanks);
        return setting.Mode switch
        {
            CostMode.DataParallel => new TrafficCost(0, 0, 0, 0, 0, 0, 0),
            CostMode.Ulysses => Exchange(model, setting, links),
            CostMode.Usp => Both(Exchange(model, setting, links), Rotation(model, setting, spans)),
            CostMode.DoubleRing => Windows(model, setting, spans),
            CostMode.LightSeq => Helpers(model, setting, spans),
            CostMode.AllGather => Gather(model, setting, spans),
            _ => Rotation(model, setting, spans),
        };
    }

    /// <summary>KV heads that a rank's group holds after replication: an all-to-all over more ranks than KV heads needs a copy for each rank.</summary>
    public static int ReplicatedKvHeads(ModelCost model, ParallelSetting setting) => Math.Max(model.KvHeads, setting.HeadParallel);

    // K and V of one rank: 2 B T K' H numbers.
    private static double KvNumbers(ModelCost model, ParallelSetting setting) => 2.0 * setting.Rows * ReplicatedKvHeads(model, setting) * model.HeadSize;

    // (P - 1) blocks forward; backward (P - 1) blocks of K, V and P of dK, dV, which have to come home.
    private static TrafficCost Rotation(ModelCost model, ParallelSetting setting, bool spans)
    {
        var ranks = setting.ContextParallel;
        var block = KvNumbers(model, setting) * setting.Types.Compute;
        var gradient = KvNumbers(model, setting) * setting.Types.KvGradient;
        var forward = (ranks - 1) * block;
        var backward = ((ranks - 1) * block) + (ranks * gradient);
        return new TrafficCost(forward, backward, ranks - 1, (2 * ranks) - 1, block, gradient, spans ? forward + backward : 0);
    }

    // Inner rings of w; W - 1 blocks go on to the next window. dK, dV make w inner hops in each window and W outer ones.
    private static TrafficCost Windows(ModelCost model, ParallelSetting setting, bool spans)
    {
        var (ring, windows) = (Rotation(model, setting, spans: false), setting.ContextParallel / setting.InnerWindow);
        var backward = ((setting.ContextParallel - 1) * ring.KvBlockBytes) + ((setting.ContextParallel + windows) * ring.KvGradientBytes);
        var outer = (2 * (windows - 1) * ring.KvBlockBytes) + (windows * ring.KvGradientBytes);
        return ring with { BackwardBytes = backward, BackwardHops = ring.BackwardHops + windows, BetweenNodesBytes = spans ? outer : 0 };
    }

    // q, k, v to head shards and the output back: of each tensor a rank sends (U - 1)/U. Backward is its mirror.
    private static TrafficCost Exchange(ModelCost model, ParallelSetting setting, Interconnect links)
    {
        var ranks = setting.HeadParallel;
        var numbers = (2.0 * setting.Rows * model.AttentionWidth) + KvNumbers(model, setting);
        var bytes = numbers * (ranks - 1) / ranks * setting.Types.Compute;
        var far = links.Spans(ranks) ? (double)(ranks - links.RanksPerNode) / (ranks - 1) : 0;
        return new TrafficCost(bytes, bytes, 4, 4, bytes, 0, 2 * bytes * far);
    }

    private static TrafficCost Both(TrafficCost exchange, TrafficCost ring) => new(
        exchange.ForwardBytes + ring.ForwardBytes,
        exchange.BackwardBytes + ring.BackwardBytes,
        exchange.ForwardHops + ring.ForwardHops,
        exchange.BackwardHops + ring.BackwardHops,
        ring.KvBlockBytes,
        ring.KvGradientBytes,
        exchange.BetweenNodesBytes + ring.BetweenNodesBytes);

    // P/2 steps: K and V to a rank that computes for itself, or q out and (out, m, l) back for a rank that is helped; the dearer of the two on every step.
    private static TrafficCost Helpers(ModelCost model, ParallelSetting setting, bool spans)
    {
        var steps = setting.ContextParallel / 2;
        var block = KvNumbers(model, setting) * setting.Types.Compute;
        var gradient = KvNumbers(model, setting) * setting.Types.KvGradient;
        var query = (double)setting.Rows * model.AttentionWidth;
        var scalars = 4.0 * setting.Rows * model.Heads;
        var forwardHop = Math.Max(block, (2 * query * setting.Types.Compute) + (2 * scalars));
        var backwardHop = Math.Max(block + gradient, (3 * query * setting.Types.Compute) + scalars + (query * setting.Types.KvGradient));
        return new TrafficCost(
            steps * forwardHop, steps * backwardHop, steps, 2 * steps, forwardHop, Math.Max(0, backwardHop - forwardHop),
            spans ? steps * (forwardHop + backwardHop) : 0);
    }

    // Gathered forward and again backward; dK, dV reduced and scattered.
    private static TrafficCost Gather(ModelCost model, ParallelSetting setting, bool spans)
    {
        var others = setting.ContextParallel - 1;
        var block = KvNumbers(model, setting) * setting.Types.Compute;
        var gradient = KvNumbers(model, setting) * setting.Types.KvGradient;
        var (forward, backward) = (others * block, others * (block + gradient));
        return new TrafficCost(forward, backward, 1, 2, block, gradient, spans ? forward + backward : 0);
    }
}
