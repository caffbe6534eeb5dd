namespace ActorRing.Actors.Plans;

/// <summary>How the attention of one sequence is shared by several ranks.</summary>
public enum SequenceMode
{
    /// <summary>Not at all: every rank has whole sequences of its own.</summary>
    DataParallel = 0,

    /// <summary>KV blocks rotate, contiguous layout.</summary>
    Ring = 1,

    /// <summary>KV blocks rotate, zigzag layout.</summary>
    Zigzag = 2,

    /// <summary>KV blocks rotate, striped layout.</summary>
    Stripe = 3,

    /// <summary>KV blocks rotate inside windows of ranks, and from window to window.</summary>
    DoubleRing = 4,

    /// <summary>Ranks at the front help ranks at the back: half as many steps as a ring.</summary>
    LightSeq = 5,

    /// <summary>Every rank fetches the KV rows that its queries see.</summary>
    AllGather = 6,

    /// <summary>Tokens are exchanged for heads.</summary>
    Ulysses = 7,

    /// <summary>Tokens are exchanged for heads inside each ring rank, KV blocks rotate between ring ranks.</summary>
    Usp = 8,
}
