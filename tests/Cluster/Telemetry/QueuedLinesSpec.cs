using System.Text;
using ActorRing.Cluster.Hosting.Telemetry.Files;

namespace ActorRing.Cluster.Specs.Telemetry;

public class QueuedLinesSpec
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    [Fact]
    public void QueuedLines_must_write_in_order()
    {
        using var text = new StringWriter();
        using (var lines = new QueuedLines(text))
        {
            lines.Write("one");
            lines.Write("two");
        }

        Assert.Equal(["one", "two", ""], text.ToString().Split(Environment.NewLine));
    }

    [Fact]
    public void QueuedLines_must_drop_the_oldest_and_count_them_when_the_reader_has_stopped()
    {
        using var blocked = new BlockedWriter();
        using var lines = new QueuedLines(blocked, capacity: 3);
        lines.Write("in hand");
        Assert.True(blocked.Entered.Wait(Long));
        for (var i = 1; i <= 10; i++)
        {
            lines.Write($"{i}");
        }

        Assert.Equal(7, lines.Dropped);
        blocked.Go.Set();
        Assert.True(lines.Flush(Long));
        Assert.Equal(["in hand", "8", "9", "10"], blocked.Written);
    }

    [Fact]
    public void QueuedLines_must_be_closed_when_the_reader_never_reads_again()
    {
        using var blocked = new BlockedWriter();
        var lines = new QueuedLines(blocked, capacity: 3, closeWithin: TimeSpan.FromMilliseconds(1));
        lines.Write("in hand");
        Assert.True(blocked.Entered.Wait(Long));
        lines.Write("lost");
        lines.Dispose();
        lines.Write("too late");
        Assert.Equal(2, lines.Dropped);
        blocked.Go.Set();
    }

    [Fact]
    public void QueuedLines_must_go_on_when_the_writer_throws()
    {
        using var text = new BrokenOnce();
        using var lines = new QueuedLines(text);
        lines.Write("lost");
        lines.Write("written");
        Assert.True(lines.Flush(Long));
        Assert.Equal((1, "written"), (lines.Dropped, text.Line));
    }

    private sealed class BlockedWriter : TextWriter
    {
        internal ManualResetEventSlim Entered { get; } = new();

        internal ManualResetEventSlim Go { get; } = new();

        internal List<string?> Written { get; } = [];

        public override Encoding Encoding => Encoding.UTF8;

        public override void WriteLine(string? value)
        {
            Entered.Set();
            Go.Wait(Long);
            Written.Add(value);
        }
    }

    private sealed class BrokenOnce : TextWriter
    {
        private bool _broke;

        internal string? Line { get; private set; }

        public override Encoding Encoding => Encoding.UTF8;

        public override void WriteLine(string? value)
        {
            if (!_broke)
            {
                _broke = true;
                throw new IOException("broken pipe");
            }

            Line = value;
        }
    }
}
