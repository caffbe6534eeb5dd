using ActorRing.Cluster.Embedded.Links;
using ActorRing.Cluster.Specs.Machines;

namespace ActorRing.Cluster.Specs.Engine;

public class TokenBucketSpec
{
    [Fact]
    public void TokenBucket_must_let_a_burst_through_and_then_keep_to_its_rate()
    {
        var time = new ManualTime();
        var bucket = new TokenBucket(perSecond: 10, time);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(TimeSpan.Zero, bucket.Take());
        }

        Assert.Equal(TimeSpan.FromMilliseconds(100), bucket.Take());
        time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(TimeSpan.FromMilliseconds(100), bucket.Take());
        time.Advance(TimeSpan.FromSeconds(60));
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(TimeSpan.Zero, bucket.Take());
        }

        Assert.True(bucket.Take() > TimeSpan.Zero);
    }
}
