using ActorRing.Actors.Plans.Cost;

namespace ActorRing.Cluster.Specs.Cost;

/// <summary>Closed forms of balance against counting every pair of every ring step.</summary>
public class BalanceSpec
{
    [Theory]
    [InlineData(CostMode.Ring, 2, 16)]
    [InlineData(CostMode.Ring, 4, 64)]
    [InlineData(CostMode.Ring, 8, 32)]
    [InlineData(CostMode.Stripe, 4, 64)]
    [InlineData(CostMode.Stripe, 8, 32)]
    public void Balance_must_be_what_counting_finds(CostMode mode, int ranks, int local)
    {
        var counted = Counted(mode, ranks, local);

        Assert.Equal(counted, Balance.Efficiency(Problem.Llama7B, Problem.Setting(mode, context: ranks, tokens: ranks * local)), 1e-12);
    }

    [Theory]
    [InlineData(4, 64)]
    [InlineData(8, 32)]
    public void Zigzag_must_be_balanced_but_for_the_diagonal(int ranks, int local) => Assert.InRange(Counted(CostMode.Zigzag, ranks, local), 0.995, 1);

    // algorithms that the plans implement: 57 % at P = 4 and 53 % at P = 8; stripe 98.8 % and 97.3 % for 256 tokens.
    [Theory]
    [InlineData(CostMode.Ring, 4, 65536, 0.571)]
    [InlineData(CostMode.Ring, 8, 65536, 0.533)]
    [InlineData(CostMode.Stripe, 4, 256, 0.988)]
    [InlineData(CostMode.Stripe, 8, 256, 0.973)]
    [InlineData(CostMode.LightSeq, 8, 65536, 0.889)]
    [InlineData(CostMode.Zigzag, 8, 65536, 1)]
    public void Balance_must_be_the_known_figure(CostMode mode, int ranks, long tokens, double expected) =>
        Assert.Equal(expected, Balance.Efficiency(Problem.Llama7B, Problem.Setting(mode, context: ranks, tokens: tokens)), 5e-4);

    [Fact]
    public void Uneven_heads_must_cost_the_fullest_rank() =>
        Assert.Equal(28.0 / 8 / 4, Balance.Efficiency(Problem.Llama7B with { Heads = 28, KvHeads = 4 }, Problem.Setting(CostMode.Ulysses, heads: 8)), 1e-12);

    // Sum over ring steps of the fullest rank's visible pairs, against an even share of all.
    private static double Counted(CostMode mode, int ranks, int local)
    {
        var chunk = local / 2;
        int[] TokensOf(int rank) => mode switch
        {
            CostMode.Ring => [.. Enumerable.Range(rank * local, local)],
            CostMode.Stripe => [.. Enumerable.Range(0, local).Select(i => rank + (i * ranks))],
            _ => [.. Enumerable.Range(rank * chunk, chunk), .. Enumerable.Range(((2 * ranks) - 1 - rank) * chunk, chunk)],
        };
        var held = Enumerable.Range(0, ranks).Select(TokensOf).ToArray();
        long all = 0;
        long waited = 0;
        for (var step = 0; step < ranks; step++)
        {
            var pairs = Enumerable.Range(0, ranks).Select(rank => held[rank].Sum(query => held[(rank - step + ranks) % ranks].LongCount(key => key <= query))).ToArray();
            all += pairs.Sum();
            waited += pairs.Max();
        }

        return (double)all / ranks / waited;
    }
}
