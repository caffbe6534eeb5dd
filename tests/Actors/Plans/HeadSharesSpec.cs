using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Plans;

public class HeadSharesSpec
{
    [Theory]
    [InlineData(8, 4, 4, "q0+2 kv0+1 | q2+2 kv1+1 | q4+2 kv2+1 | q6+2 kv3+1")]
    [InlineData(8, 2, 4, "q0+2 kv0+1 | q2+2 kv0+1 | q4+2 kv1+1 | q6+2 kv1+1")] // each KV head on two ranks
    [InlineData(4, 1, 2, "q0+2 kv0+1 | q2+2 kv0+1")]
    [InlineData(28, 4, 8, "q0+3 kv0+1 | q3+4 kv0+1 | q7+3 kv1+1 | q10+4 kv1+1 | q14+3 kv2+1 | q17+4 kv2+1 | q21+3 kv3+1 | q24+4 kv3+1")] // 28 heads on 8 ranks
    [InlineData(6, 3, 4, "q0+1 kv0+1 | q1+2 kv0+2 | q3+1 kv1+1 | q4+2 kv2+1")] // a cut inside a group of query heads
    public void Ranks_must_have_near_equal_query_heads_and_every_kv_head_that_these_read(int queryHeads, int keyHeads, int degree, string expected)
    {
        var shares = new HeadShares(queryHeads, keyHeads, degree);
        Assert.Equal(expected, string.Join(" | ", Enumerable.Range(0, degree).Select(u => $"q{shares.Queries(u).First}+{shares.Queries(u).Count} kv{shares.Keys(u).First}+{shares.Keys(u).Count}")));
    }

    [Fact]
    public void Segments_must_give_every_query_head_its_kv_head_when_cuts_fall_anywhere()
    {
        for (var keyHeads = 1; keyHeads <= 6; keyHeads++)
        {
            for (var size = 1; size <= 5; size++)
            {
                for (var degree = 1; degree <= keyHeads * size; degree++)
                {
                    var shares = new HeadShares(keyHeads * size, keyHeads, degree);
                    for (var index = 0; index < degree; index++)
                    {
                        var segments = shares.Segments(index);
                        Assert.InRange(segments.Length, 1, 3);
                        var pairs = from segment in segments
                                    from head in Enumerable.Range(segment.Queries.First, segment.Queries.Count)
                                    let key = segment.Keys.First + ((head - segment.Queries.First) / (segment.Queries.Count / segment.Keys.Count))
                                    select (head + shares.Queries(index).First, key + shares.Keys(index).First);
                        Assert.All(segments, segment => Assert.Equal(0, segment.Queries.Count % segment.Keys.Count));
                        Assert.Equal(Enumerable.Range(shares.Queries(index).First, shares.Queries(index).Count).Select(head => (head, head / size)), pairs);
                    }
                }
            }
        }
    }
}
