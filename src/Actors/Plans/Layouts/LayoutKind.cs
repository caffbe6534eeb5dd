namespace ActorRing.Actors.Plans;

/// <summary>How the tokens of a sequence are dealt out to the ranks of a ring.</summary>
public enum LayoutKind
{
    /// <summary>One piece each, in order. The last rank has most of the causal work.</summary>
    Contiguous = 0,

    /// <summary>Rank r has chunks r and 2P - 1 - r of 2P (head and tail): equal causal work.</summary>
    Zigzag = 1,

    /// <summary>Rank r has tokens r, r + P, r + 2P, …: nearly equal causal work at every ring step.</summary>
    Stripe = 2,
}
