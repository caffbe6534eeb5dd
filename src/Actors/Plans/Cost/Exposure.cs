namespace ActorRing.Actors.Plans.Cost;

// P ranks of a ring, w inner window, W = P / w windows, U ranks of an all-to-all, K KV heads.

/// <summary>How much of a layer's transfers is left over when each runs beside the attention that does not need it yet.</summary>
internal sealed record Exposure(ModelCost Model, ParallelSetting Setting, Interconnect Links, LinkProfile Link, TrafficCost Traffic)
{
    /// <summary>Seconds forward, when a ring step computes for <paramref name="step"/> seconds.</summary>
    internal double Forward(double step) => Setting.Mode switch
    {
        CostMode.DataParallel => 0,
        CostMode.Ulysses => ExchangeSeconds(),
        CostMode.Usp => ExchangeSeconds() + RingForward(step),
        CostMode.DoubleRing => WindowsForward(step),
        CostMode.LightSeq => (Setting.ContextParallel / 2) * Beyond(Hop(Traffic.KvBlockBytes), step),
        CostMode.AllGather => Sliced(GatherSeconds(Traffic.KvBlockBytes), step),
        _ => RingForward(step),
    };

    /// <summary>Seconds backward, likewise.</summary>
    internal double Backward(double step) => Setting.Mode switch
    {
        CostMode.DataParallel => 0,
        CostMode.Ulysses => ExchangeSeconds(),
        CostMode.Usp => ExchangeSeconds() + RingBackward(step),
        CostMode.DoubleRing => WindowsBackward(step),
        CostMode.LightSeq => ((Setting.ContextParallel / 2) * Beyond(Hop(Traffic.KvBlockBytes + Traffic.KvGradientBytes), step)) + Hop(Traffic.KvGradientBytes),
        CostMode.AllGather => Sliced(GatherSeconds(Traffic.KvBlockBytes + Traffic.KvGradientBytes), step),
        _ => RingBackward(step),
    };

    // Four tensors, one after the other; attention can start only when it has all heads' rows.
    private double ExchangeSeconds()
    {
        var numbers = (2.0 * Setting.Rows * Model.AttentionWidth) + (2.0 * Setting.Rows * TrafficCost.ReplicatedKvHeads(Model, Setting) * Model.HeadSize);
        var bytes = numbers * (Setting.HeadParallel - 1) / Setting.HeadParallel * Setting.Types.Compute;
        return (3 * Links.RingLink(Setting.HeadParallel, 1).LatencySeconds) + Links.ExchangeSeconds(bytes, Setting.HeadParallel);
    }

    private double RingForward(double step) => (Setting.ContextParallel - 1) * Beyond(Hop(Traffic.KvBlockBytes), step);

    // K, V and dK, dV share the link; the last dK, dV hop has nothing left to hide behind.
    private double RingBackward(double step) =>
        ((Setting.ContextParallel - 1) * Beyond(Hop(Traffic.KvBlockBytes + Traffic.KvGradientBytes), step)) + Hop(Traffic.KvGradientBytes);

    private double WindowsForward(double step)
    {
        var (inner, windows) = (Setting.InnerWindow, Setting.ContextParallel / Setting.InnerWindow);
        return (windows * (inner - 1) * Beyond(Hop(Traffic.KvBlockBytes), step)) + ((windows - 1) * Beyond(Outer(Traffic.KvBlockBytes), inner * step));
    }

    private double WindowsBackward(double step)
    {
        var (inner, windows) = (Setting.InnerWindow, Setting.ContextParallel / Setting.InnerWindow);
        var both = Traffic.KvBlockBytes + Traffic.KvGradientBytes;
        return (windows * (inner - 1) * Beyond(Hop(both), step)) + ((windows - 1) * Beyond(Outer(both), inner * step))
            + Hop(Traffic.KvGradientBytes) + Outer(Traffic.KvGradientBytes);
    }

    // One KV head at a time: the first one's transfer is exposed, the others hide behind its attention.
    private double Sliced(double transfer, double attention)
    {
        var slices = Model.KvHeads;
        return (transfer / slices) + ((slices - 1) * Beyond(transfer / slices, attention / slices));
    }

    private double GatherSeconds(double blockBytes) => Links.CollectiveSeconds(Setting.ContextParallel * blockBytes, Setting.ContextParallel);

    private double Hop(double bytes) => Link.SecondsOf(bytes);

    private double Outer(double bytes) => Links.RingLink(Setting.SequenceRanks, Setting.InnerWindow).SecondsOf(bytes);

    private static double Beyond(double transfer, double compute) => Math.Max(0, transfer - compute);
}
