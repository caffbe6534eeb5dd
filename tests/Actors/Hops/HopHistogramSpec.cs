using ActorRing.Actors.Hops;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Specs.Hops;

/// <summary>Counts in intervals against the exact answer over all times.</summary>
public class HopHistogramSpec
{
    [Theory]
    [InlineData(1, 500)]
    [InlineData(2, 990)]
    [InlineData(3, 999)]
    [InlineData(4, 1)]
    public void Quantile_must_be_within_a_sixteenth_of_the_exact_one(int rngSeed, int permille)
    {
        var random = new Random(rngSeed);
        var times = Enumerable.Range(0, 997).Select(_ => TimeSpan.FromMicroseconds(Math.Exp(random.NextDouble() * 20))).Order().ToArray();
        var exact = times[(int)Math.Ceiling(times.Length * permille / 1_000.0) - 1];
        var found = Of(times).Quantile(permille);
        Assert.InRange(Math.Abs((found - exact).TotalMicroseconds), 0, Math.Max(1, exact.TotalMicroseconds / 16));
    }

    [Fact]
    public void Intervals_must_follow_each_other_without_gaps_and_hold_their_middle()
    {
        var last = -1;
        for (long microseconds = 0; microseconds < 1L << 34; microseconds += Math.Max(1, microseconds / 64))
        {
            var bucket = HopBuckets.Of(TimeSpan.FromMicroseconds(microseconds));
            Assert.InRange(bucket, last, last + 1);
            Assert.Equal(bucket, HopBuckets.Of(HopBuckets.Middle(bucket)));
            last = bucket;
        }

        Assert.Equal(HopBuckets.Count - 1, last);
        Assert.Equal(0, HopBuckets.Of(TimeSpan.MinValue));
        Assert.Equal(HopBuckets.Count - 1, HopBuckets.Of(TimeSpan.MaxValue));
    }

    [Fact]
    public void Sum_of_two_must_be_the_histogram_of_all_times_and_stop_at_the_largest_number()
    {
        var times = Enumerable.Range(1, 100).Select(at => TimeSpan.FromMicroseconds(at * at)).ToArray();
        var sum = Of(times[..40]);
        sum.Add(Of(times[40..]).Buckets());
        Assert.Equal(Of(times).Buckets().ToArray(), sum.Buckets().ToArray());
        sum.Add([new(3, long.MaxValue)]);
        sum.Add([new(3, long.MaxValue), new(-1, 5), new(248, 5)]);
        Assert.Equal(long.MaxValue, sum.Total);
    }

    [Fact]
    public void Rows_must_stay_sixteen_when_there_are_more_peers_and_lose_no_transfer()
    {
        var tallies = new HopTallies();
        for (var peer = 0; peer < 40; peer++)
        {
            tallies.Add(new(1, new(peer), 10, TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(9)));
        }

        var rows = tallies.Rows();
        Assert.Equal(16, rows.Length);
        Assert.Equal((new GlobalRank(-1), -1, 250L), (rows[^1].Peer, rows[^1].Channel, rows[^1].Bytes));
        Assert.Equal(40, rows.Sum(row => row.Times.Sum(bucket => bucket.Count)));

        // Who waited longer than the transfer took has a clock that nobody believes.
        Assert.All(rows, row => Assert.Equal(row.Elapsed, row.Waited));
    }

    private static HopHistogram Of(IEnumerable<TimeSpan> times)
    {
        var histogram = new HopHistogram();
        foreach (var time in times)
        {
            histogram.Add(time);
        }

        return histogram;
    }
}
