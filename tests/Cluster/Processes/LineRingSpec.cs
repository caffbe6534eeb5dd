using ActorRing.Cluster.Hosting.Processes;

namespace ActorRing.Cluster.Specs.Processes;

public class LineRingSpec
{
    [Fact]
    public void LineRing_must_keep_the_last_lines_when_there_are_more()
    {
        var ring = new LineRing(3, 100);
        var seen = new List<string>();
        ring.Add("a\nb\nc", seen.Add);
        ring.Add("c\nd\ne", seen.Add);
        Assert.Equal(["a", "b", "cc", "d"], seen);
        Assert.Equal(["cc", "d", "e"], ring.Lines);
    }

    [Fact]
    public void LineRing_must_cut_a_line_when_it_is_too_long_and_defuse_control_characters()
    {
        var ring = new LineRing(3, 5);
        ring.Add(new string('x', 1_000_000), null);
        ring.Add("\n\u001b[2J\r\n", null);
        Assert.Equal(["xxxxx", "\uFFFD[2J"], ring.Lines);
    }
}
