using System.Globalization;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>How long the compute threads of processes had a processor, and how long they were ready and had none, as the kernel counts it.</summary>
/// <remarks>From <c>/proc/PID/task/TID/schedstat</c>: nanoseconds on a processor, nanoseconds on a run queue. Not for several threads.</remarks>
internal sealed class RunQueues(IReadOnlyList<int> processes)
{
    private const string ComputeThread = "compute";

    private readonly List<Sample> _samples = [];

    /// <summary>Reads the counters of all.</summary>
    /// <param name="mark">What has happened so far: never less than before.</param>
    internal void Read(int mark) => _samples.Add(new Sample(mark, [.. processes.Select(CountersOf)]));

    /// <summary>How many times as long as it ran a process was running or ready between two marks: 1 for one that always had the processor.</summary>
    internal double Stretch(int process, int from, int to)
    {
        var first = _samples.FindLast(sample => sample.Mark <= from) ?? _samples[0];
        var last = _samples.Find(sample => sample.Mark >= to) ?? _samples[^1];
        var (ran, waited) = (last.Of[process].Ran - first.Of[process].Ran, last.Of[process].Waited - first.Of[process].Waited);
        return ran > 0 ? (double)(ran + waited) / ran : 1;
    }

    private static (long Ran, long Waited) CountersOf(int process)
    {
        var (ran, waited) = (0L, 0L);
        foreach (var thread in Directory.GetDirectories($"/proc/{process}/task").Where(thread => File.ReadAllText(Path.Combine(thread, "comm")).Trim() == ComputeThread))
        {
            var counters = File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ');
            (ran, waited) = (ran + long.Parse(counters[0], CultureInfo.InvariantCulture), waited + long.Parse(counters[1], CultureInfo.InvariantCulture));
        }

        return (ran, waited);
    }

    private sealed record Sample(int Mark, IReadOnlyList<(long Ran, long Waited)> Of);
}
