using ActorRing.Compute.Inference;

namespace ActorRing.Compute.Specs.Inference;

public class SamplerSpec
{
    private static readonly float[] Odds = [0, MathF.Log(2), MathF.Log(3), MathF.Log(4)]; // 1 : 2 : 3 : 4

    [Fact]
    public void Greedy_must_take_the_most_probable_and_of_equal_ones_the_first()
    {
        var sampler = new Sampler(new());

        Assert.Equal(2, sampler.Next([0, 1, 3, 3, float.NegativeInfinity]));
        Assert.Equal(0, sampler.Next([-5]));
    }

    [Fact]
    public void Sampler_must_choose_these_tokens_on_every_machine_when_the_seed_is_7()
    {
        var sampler = new Sampler(new() { Temperature = 1, RngSeed = 7 });

        Assert.Equal([2, 0, 3, 2, 2, 1, 2, 2, 1, 2, 1, 3], Draw(sampler, Odds, 12));
    }

    [Theory]
    [InlineData(1.0, 0, 1.0, new[] { 0.1, 0.2, 0.3, 0.4 })]
    [InlineData(0.5, 0, 1.0, new[] { 1 / 30.0, 4 / 30.0, 9 / 30.0, 16 / 30.0 })]
    [InlineData(1.0, 2, 1.0, new[] { 0, 0, 3 / 7.0, 4 / 7.0 })]
    [InlineData(1.0, 0, 0.6, new[] { 0, 0, 3 / 7.0, 4 / 7.0 })]
    [InlineData(1.0, 3, 0.8, new[] { 0, 2 / 9.0, 3 / 9.0, 4 / 9.0 })] // 7 of 9 are less than 0.8 of what top-k leaves
    [InlineData(1.0, 3, 0.77, new[] { 0, 0, 3 / 7.0, 4 / 7.0 })]
    [InlineData(1.0, 0, 1e-9, new[] { 0, 0, 0, 1.0 })]
    [InlineData(1.0, 99, 1.0, new[] { 0.1, 0.2, 0.3, 0.4 })]
    public void Sampler_must_draw_as_often_as_the_odds_say(double temperature, int topK, double topP, double[] expected)
    {
        const int Draws = 40_000;
        var sampler = new Sampler(new() { Temperature = temperature, TopK = topK, TopP = topP, RngSeed = 1 });
        var counts = Draw(sampler, Odds, Draws).CountBy(token => token).ToDictionary();

        for (var token = 0; token < expected.Length; token++)
        {
            // Five standard deviations; what is forbidden never comes.
            var deviation = Math.Sqrt(expected[token] * (1 - expected[token]) / Draws);
            Assert.Equal(expected[token], counts.GetValueOrDefault(token) / (double)Draws, 5 * deviation);
        }
    }

    [Fact]
    public void Sampler_must_never_choose_what_a_logit_of_minus_infinity_forbids()
    {
        var sampler = new Sampler(new() { Temperature = 50 });
        Assert.DoesNotContain(1, Draw(sampler, [0, float.NegativeInfinity, 1], 1000));
        Assert.DoesNotContain(1, Draw(new Sampler(new() { Temperature = 50, TopK = 3 }), [0, float.NegativeInfinity, 1], 1000));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Sampler_must_refuse_logits_that_are_not_finite_naming_the_token(float logit) =>
        Assert.Contains("token 1", Assert.Throws<ArithmeticException>(() => new Sampler(new()).Next([0, logit])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(-1.0, 0, 1.0, "temperature is -1")]
    [InlineData(double.NaN, 0, 1.0, "temperature is NaN")]
    [InlineData(1.0, -1, 1.0, "top-k is -1")]
    [InlineData(1.0, 0, 0.0, "top-p is 0")]
    [InlineData(1.0, 0, 1.5, "top-p is 1.5")]
    public void Sampler_must_refuse_options_outside_their_range(double temperature, int topK, double topP, string message) => Assert.Contains(
        message, Assert.Throws<ArgumentOutOfRangeException>(() => new Sampler(new() { Temperature = temperature, TopK = topK, TopP = topP })).Message, StringComparison.Ordinal);

    private static int[] Draw(Sampler sampler, float[] logits, int count) => [.. Enumerable.Range(0, count).Select(_ => sampler.Next(logits))];
}
