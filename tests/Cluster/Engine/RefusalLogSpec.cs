using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Specs.Machines;

namespace ActorRing.Cluster.Specs.Engine;

public class RefusalLogSpec
{
    [Fact]
    public void Refusals_must_be_said_once_a_minute_for_each_reason_and_the_rest_be_counted()
    {
        var (time, lines) = (new ManualTime(), new List<string>());
        var log = new RefusalLog(lines.Add, time);

        log.Say("a");
        log.Say("a");
        log.Say("b");
        Assert.Equal(["a", "b"], lines);

        time.Advance(TimeSpan.FromMinutes(1));
        log.Say("a");
        Assert.Equal(["a", "b", "1 more refusals in a minute, for these or other reasons", "a"], lines);
    }

    [Fact]
    public void Refusals_must_not_flood_the_log_or_steer_the_terminal_however_many_reasons_strangers_find()
    {
        var lines = new List<string>();
        var log = new RefusalLog(lines.Add, new ManualTime());
        for (var stranger = 0; stranger < 1000; stranger++)
        {
            log.Say($"stranger {stranger}\n\u001b[2J");
        }

        Assert.Equal(RefusalLog.LinesAMinute, lines.Count);
        Assert.Equal("stranger 0??[2J", lines[0]);
    }
}
