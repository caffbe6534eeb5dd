using System.Diagnostics;
using ActorRing.Cluster.Cli.Bench;

namespace ActorRing.Cluster.Specs.Soak;

/// <summary>What the kernel says of a thread that has a processor, and of one that others keep from it.</summary>
public class RunQueuesSpec
{
    [Fact]
    public void Thread_must_be_stretched_when_others_want_its_processor_and_only_then()
    {
        using var isOver = new CancellationTokenSource();
        var compute = new Thread(() => Spin(isOver.Token)) { Name = "compute", IsBackground = true };
        compute.Start();
        var queues = new RunQueues([Environment.ProcessId]);
        queues.Read(0);
        Thread.Sleep(400);
        queues.Read(1);
        var others = Enumerable.Range(0, 4 * Environment.ProcessorCount).Select(_ => new Thread(() => Spin(isOver.Token)) { IsBackground = true }).ToList();
        others.ForEach(other => other.Start());
        Thread.Sleep(1500);
        queues.Read(2);
        isOver.Cancel();
        others.ForEach(other => other.Join());
        compute.Join();

        // Five threads on a processor leave each a fifth of it; what else the machine does can only add to either.
        Assert.InRange(queues.Stretch(0, 1, 2), 2.5, double.MaxValue);
        Assert.True(queues.Stretch(0, 0, 1) < queues.Stretch(0, 1, 2));
        Assert.InRange(queues.Stretch(0, 0, 2), queues.Stretch(0, 0, 1), queues.Stretch(0, 1, 2));
    }

    private static void Spin(CancellationToken stop)
    {
        for (var started = Stopwatch.GetTimestamp(); !stop.IsCancellationRequested && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20);)
        {
        }
    }
}
