namespace ActorRing.Actors.Plans.Cost;

/// <summary>How a sequence is spread over ranks.</summary>
public enum CostMode
{
    /// <summary>Not at all: every rank has whole sequences of its own.</summary>
    DataParallel,

    /// <summary>KV blocks rotate; every rank holds one contiguous piece.</summary>
    Ring,

    /// <summary>KV blocks rotate; every rank holds a piece near the start and its mirror near the end.</summary>
    Zigzag,

    /// <summary>KV blocks rotate; every rank holds every P-th token.</summary>
    Stripe,

    /// <summary>Contiguous pieces; ranks that would idle compute for others.</summary>
    LightSeq,

    /// <summary>Heads instead of tokens during attention, by all-to-all.</summary>
    Ulysses,

    /// <summary>Ulysses inside, zigzag ring outside.</summary>
    Usp,

    /// <summary>Zigzag ring in windows: rings inside, one block a window passed on outside.</summary>
    DoubleRing,

    /// <summary>All keys and values are gathered before attention.</summary>
    AllGather,
}

/// <summary>How modes and recompute policies are spelt; the one place.</summary>
public static class CostModes
{
    /// <summary>The spelling of a recompute policy.</summary>
    public static string NameOf(CostRecompute recompute) => recompute switch
    {
        CostRecompute.None => "none",
        CostRecompute.Full => "full",
        _ => "selective++",
    };

    /// <summary>All of them, in the order in which they are listed to people.</summary>
    public static IReadOnlyList<CostMode> All { get; } = Every();

    /// <summary>The spelling of a mode.</summary>
    public static string NameOf(CostMode mode) => mode switch
    {
        CostMode.DataParallel => "data_parallel",
        CostMode.Ring => "ring",
        CostMode.Zigzag => "zigzag",
        CostMode.Stripe => "stripe",
        CostMode.LightSeq => "lightseq",
        CostMode.Ulysses => "ulysses",
        CostMode.Usp => "usp",
        CostMode.DoubleRing => "double-ring",
        _ => "all-gather",
    };

    /// <summary>The mode of a spelling, EasyContext's names included; null for any other text.</summary>
    public static CostMode? Parse(string name) => name switch
    {
        "data_parallel" or "data-parallel" => CostMode.DataParallel,
        "ring" => CostMode.Ring,
        "zigzag" or "zigzag_ring_attn" => CostMode.Zigzag,
        "stripe" => CostMode.Stripe,
        "lightseq" or "dist_flash_attn" => CostMode.LightSeq,
        "ulysses" or "ulysses_attn" => CostMode.Ulysses,
        "usp" or "usp_attn" => CostMode.Usp,
        "double-ring" => CostMode.DoubleRing,
        "all-gather" => CostMode.AllGather,
        _ => null,
    };

    private static List<CostMode> Every()
    {
        var modes = new List<CostMode>();
        for (var mode = CostMode.DataParallel; mode <= CostMode.AllGather; mode++)
        {
            modes.Add(mode);
        }

        return modes;
    }
}
