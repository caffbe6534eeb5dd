using ActorRing.Native;

namespace ActorRing.Compute.Specs.Reference;

/// <summary>The mask rule drawn as pictures: a row per query, an x per visible key.</summary>
public class ReferenceMaskSpec
{
    [Fact]
    public void ReferenceMask_must_show_the_past_when_causal() =>
        Assert.Equal(["x...", "xx..", "xxx.", "xxxx"], Draw(new(), 4, 4));

    [Fact]
    public void ReferenceMask_must_show_everything_when_not_causal() =>
        Assert.Equal(["xxx", "xxx"], Draw(new() { Causal = false }, 2, 3));

    [Fact]
    public void ReferenceMask_must_count_from_absolute_positions_when_blocks_are_offset() =>
        Assert.Equal(["...", "x..", "xx."], Draw(new() { QueryPosition = 4, KeyPosition = 5 }, 3, 3));

    [Fact]
    public void ReferenceMask_must_count_in_steps_when_tokens_are_striped() =>
        Assert.Equal(["x..", "xx.", "xxx"], Draw(new() { QueryPosition = 1, QueryStep = 2, KeyPosition = 0, KeyStep = 2 }, 3, 3));

    [Fact]
    public void ReferenceMask_must_include_the_query_itself_in_the_window() =>
        Assert.Equal(["x....", "xx...", ".xx..", "..xx.", "...xx"], Draw(new() { Window = 2 }, 5, 5));

    [Fact]
    public void ReferenceMask_must_keep_the_first_positions_when_there_is_a_sink() =>
        Assert.Equal(["x....", "xx...", "xxx..", "x.xx.", "x..xx"], Draw(new() { Window = 2, Sink = 1 }, 5, 5));

    [Fact]
    public void ReferenceMask_must_ignore_the_sink_when_there_is_no_window() =>
        Assert.Equal(["x..", "xx.", "xxx"], Draw(new() { Sink = 1 }, 3, 3));

    [Fact]
    public void ReferenceMask_must_separate_documents() =>
        Assert.Equal(["x.....", "xx....", "..x...", "...x..", "...xx.", "...xxx"], Draw(new() { DocumentStarts = new long[] { 0, 2, 3 } }, 6, 6));

    [Fact]
    public void ReferenceMask_must_start_each_documents_sink_at_its_start() =>
        Assert.Equal(["x......", ".x.....", ".xx....", ".xxx...", ".x.xx..", ".x..xx.", ".x...xx"],
            Draw(new() { Window = 2, Sink = 1, DocumentStarts = new long[] { 0, 1 } }, 7, 7));

    [Fact]
    public void ReferenceMask_must_show_only_listed_blocks() =>
        Assert.Equal(
            ["xx..", "xx..", "..xx", "..xx"],
            Draw(new() { Causal = false, Blocks = new BlockList(2, new long[] { 0, 1, 2 }, new long[] { 0, 1 }) }, 4, 4));

    private static string[] Draw(AttentionMask mask, int queries, int keys) =>
        [.. Enumerable.Range(0, queries).Select(i => string.Concat(Enumerable.Range(0, keys).Select(j => ReferenceMask.Sees(mask, i, j) ? 'x' : '.')))];
}
