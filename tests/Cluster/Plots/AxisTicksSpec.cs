using ActorRing.Cluster.Hosting.Plots;

namespace ActorRing.Cluster.Specs.Plots;

public class AxisTicksSpec
{
    [Theory]
    [InlineData(0, 10, 5, "0 2 4 6 8 10")]
    [InlineData(0, 1, 5, "0.0 0.2 0.4 0.6 0.8 1.0")]
    [InlineData(0.31, 0.39, 4, "0.32 0.34 0.36 0.38")]
    [InlineData(-3, 7, 5, "-2 0 2 4 6")]
    [InlineData(1, 12345, 6, "5,000 10,000")]
    [InlineData(0, 3e7, 3, "0 1e+7 2e+7 3e+7")]
    [InlineData(1e-5, 3e-5, 2, "1e-5 2e-5 3e-5")]
    [InlineData(2.5000001, 2.5000004, 3, "2.5000001 2.5000002 2.5000003 2.5000004")]
    public void Ticks_must_be_round_numbers_inside_of_a_linear_axis(double least, double most, int wanted, string expected) =>
        Assert.Equal(expected, string.Join(' ', AxisTicks.Labels(AxisTicks.Linear(least, most, wanted))));

    [Theory]
    [InlineData(1, 1000, 5, "1 10 100 1,000")]
    [InlineData(0.9, 11, 6, "1 2 5 10")]
    [InlineData(0.05, 70, 7, "0.1 1 10")]
    [InlineData(3.1, 3.4, 4, "3.1 3.2 3.3 3.4")]
    [InlineData(1, 1e16, 5, "1e+0 1e+2 1e+4 1e+6 1e+8 1e+10 1e+12 1e+14 1e+16")]
    public void Ticks_must_be_powers_of_ten_or_their_1_2_5_on_a_logarithmic_axis(double least, double most, int wanted, string expected) =>
        Assert.Equal(expected, string.Join(' ', AxisTicks.Labels(AxisTicks.Log10(least, most, wanted))));

    [Fact]
    public void Ticks_must_stay_few_inside_and_growing_whatever_the_range()
    {
        var random = new Random(11);
        for (var round = 0; round < 2000; round++)
        {
            var least = (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-9, 12));
            var most = least + (Math.Abs(least) * Math.Pow(10, random.Next(-4, 4)));
            var ticks = AxisTicks.Linear(least, most, 7);
            var slack = (most - least) * 1e-6;

            Assert.InRange(ticks.Count, 2, 9);
            Assert.All(ticks, tick => Assert.InRange(tick, least - slack, most + slack));
            Assert.Equal(ticks.Order(), ticks);
            Assert.Equal(ticks.Count, AxisTicks.Labels(ticks).Distinct().Count());
        }
    }

    [Theory]
    [InlineData("1024 4096 1048576", "1K 4K 1M", "tokens, K = 1,024")]
    [InlineData("256 512 1024 2048", "256 512 1K 2K", "tokens, K = 1,024")]
    [InlineData("1000 50000 1000000", "1K 50K 1M", "tokens, K = 1,000")]
    [InlineData("500 1500 2100", "500 1.5K 2.1K", "tokens, K = 1,000")]
    [InlineData("64 128", "64 128", "tokens")]
    [InlineData("1000 1023 4321", "1,000 1,023 4,321", "tokens")]
    public void Lengths_must_be_written_short_and_say_what_K_is(string lengths, string expected, string unit)
    {
        var labels = LengthLabels.Of([.. lengths.Split(' ').Select(long.Parse)]);

        Assert.Equal((expected, unit), (string.Join(' ', labels.Labels), labels.Unit));
    }
}
