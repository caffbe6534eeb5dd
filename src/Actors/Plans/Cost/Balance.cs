namespace ActorRing.Actors.Plans.Cost;

// S whole sequence, P ranks of the ring, T = S / P tokens of a rank.

/// <summary>How evenly causal attention falls on ranks that wait for each other at every ring step.</summary>
public static class Balance
{
    /// <summary>Ideal time over real time of one attention: total pairs / P, over the sum of every ring step's fullest rank.</summary>
    /// <remarks>
    /// Contiguous: the own block has half its pairs, but in each of the P - 1 other steps some rank has a full block, so (S + 1) / (T + 1 + 2 (P - 1) T): 57
    /// % at P = 4, tending to 50 %. Stripe: each step's fullest rank has the diagonal too: (S + 1) / (P (T + 1)). LightSeq: P/2 + 1 steps, the first half
    /// full. Zigzag, and gathering with zigzag pieces: every rank has half a block in each step. Ulysses: whole sequences of ceil(N / P) heads.
    /// </remarks>
    public static double Efficiency(ModelCost model, ParallelSetting setting)
    {
        double ranks = setting.ContextParallel;
        double local = setting.LocalTokens;
        double whole = local * ranks;
        var heads = (double)model.Heads / setting.HeadParallel / Math.Ceiling((double)model.Heads / setting.HeadParallel);
        return setting.Mode switch
        {
            CostMode.Ring => (whole + 1) / (local + 1 + (2 * (ranks - 1) * local)),
            CostMode.Stripe => (whole + 1) / (ranks * (local + 1)),
            CostMode.LightSeq => (whole + 1) / (local + 1 + (ranks * local)),
            CostMode.Ulysses or CostMode.Usp => heads,
            _ => 1,
        };
    }
}
