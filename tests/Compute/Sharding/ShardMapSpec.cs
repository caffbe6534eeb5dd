using ActorRing.Compute.Sharding;

namespace ActorRing.Compute.Specs.Sharding;

public class ShardMapSpec
{
    [Theory]
    [InlineData(1, 1024, 1)]
    [InlineData(1024, 1024, 1)]
    [InlineData(1025, 1024, 2)]
    [InlineData(524_288, 1024, 512)]
    [InlineData(524_289, 1040, 505)]
    [InlineData(100_000_000, 195_328, 512)]
    public void Map_must_cut_into_at_most_512_aligned_shards(long elements, long shardElements, int count)
    {
        var map = new ShardMap(elements);

        Assert.Equal((shardElements, count), (map.ShardElements, map.Count));
        Assert.Equal(elements, map[count - 1].EndElement);
        Assert.InRange(map[count - 1].ElementCount, 1, shardElements);
    }

    [Theory]
    [InlineData(5000, 1)]
    [InlineData(5000, 2)]
    [InlineData(5000, 3)]
    [InlineData(5000, 12)]
    [InlineData(1_000_000, 7)]
    public void Ranks_must_own_everything_once_and_evenly(long elements, int ranks)
    {
        var map = new ShardMap(elements);
        var runs = Enumerable.Range(0, ranks).Select(rank => map.OwnedBy(rank, ranks)).ToArray();

        Assert.Equal(0, runs[0].FirstElement);
        Assert.All(runs.Zip(runs.Skip(1)), pair => Assert.Equal((pair.First.EndShard, pair.First.EndElement), (pair.Second.FirstShard, pair.Second.FirstElement)));
        Assert.Equal((map.Count, elements), (runs[^1].EndShard, runs[^1].EndElement));
        Assert.InRange(runs.Max(run => run.ShardCount) - runs.Min(run => run.ShardCount), 0, 1);
        Assert.Equal(runs.Max(run => run.ElementCount), map.MostElements(ranks));
        Assert.All(runs, run => Assert.Equal(run.ShardCount == 0, run.IsEmpty));
    }
}
