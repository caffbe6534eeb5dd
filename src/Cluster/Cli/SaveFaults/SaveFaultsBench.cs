using System.Diagnostics;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.SaveFaults;

/// <summary>What <c>bench save-faults</c> prints.</summary>
/// <param name="Mutation">The rule that the saver broke; none.</param>
/// <param name="Places">System calls of a thread that opens the log and saves three TrainingCheckpoints, as far as they are about files.</param>
/// <param name="Calls">How many of each name.</param>
/// <param name="Cases">Places and faults that were tried, one run each.</param>
/// <param name="Missed">Cases in which the fault did not come.</param>
/// <param name="Faults">By fault.</param>
/// <param name="Violations">Cases after which something was wrong.</param>
/// <param name="First">The first of them, a line each.</param>
/// <param name="Seconds">All together.</param>
internal sealed record SaveFaultsRow(
    string Mutation, int Places, IReadOnlyDictionary<string, int> Calls, int Cases, int Missed, IReadOnlyList<SaveFaultRow> Faults, int Violations, IReadOnlyList<string> First, double Seconds);

/// <summary>What one kind of fault came to.</summary>
/// <param name="Fault">Which.</param>
/// <param name="Cases">Runs.</param>
/// <param name="Done">The saver went through in spite of it.</param>
/// <param name="Refused">It reported the refusal and ended.</param>
/// <param name="Killed">It was killed.</param>
internal sealed record SaveFaultRow(string Fault, int Cases, int Done, int Refused, int Killed);

/// <summary>What is tried.</summary>
/// <param name="Faults">Which.</param>
/// <param name="Calls">Names of system calls; all if there are none.</param>
/// <param name="Ends">Only the first and the last call of each name.</param>
/// <param name="Delay">Of <see cref="SaveFault.Delay"/>.</param>
/// <param name="Mutation">The rule that the saver breaks; the last places come first then, and the first violation ends it.</param>
internal sealed record SaveFaultsPlan(IReadOnlyList<SaveFault> Faults, IReadOnlyList<string> Calls, bool Ends, TimeSpan Delay, SaveMutation Mutation = SaveMutation.None);

/// <summary>Saves again and again, each time with another system call gone wrong, and looks at what is left.</summary>
internal static class SaveFaultsBench
{
    private const int MostLines = 20;

    /// <exception cref="InvalidOperationException">Saving fails without any fault, or a process is gone.</exception>
    internal static async Task<SaveFaultsRow> RunAsync(SaveFaultsPlan plan, Action<string> say, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        using var probes = new Probes(stop);
        var calls = await CountAsync(probes, plan.Mutation, stop);
        var counts = calls.GroupBy(name => name, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count());
        var cases = CasesOf(counts, plan).ToList();
        if (cases.Count == 0)
        {
            throw new UsageException($"--calls is '{string.Join(',', plan.Calls)}', allowed: {string.Join(',', counts.Keys)}");
        }

        if (plan.Mutation != SaveMutation.None)
        {
            cases.Reverse();
        }

        var (outcomes, violations, missed) = (new List<(SaveFault Fault, SaveEnd End)>(), new List<string>(), 0);
        using var states = StatesOfAll();
        foreach (var place in cases)
        {
            var (end, struck, flaws) = await TryAsync(probes, states, place, plan, stop);
            outcomes.Add((place.Fault, end));
            if (!struck)
            {
                missed++;
                say($"{place}: the fault did not come");
            }

            if (flaws.Count > 0)
            {
                violations.Add($"{place}: {string.Join("; ", flaws)}");
                say(violations[^1]);
                if (plan.Mutation != SaveMutation.None)
                {
                    break;
                }
            }
        }

        return new SaveFaultsRow(
            plan.Mutation.ToString(), calls.Count, counts, outcomes.Count, missed,
            [.. outcomes.GroupBy(outcome => outcome.Fault).Select(group => new SaveFaultRow(
                group.Key.ToString().ToLowerInvariant(), group.Count(), group.Count(one => one.End.IsDone), group.Count(one => one.End.Refusal is not null && !one.End.IsKilled),
                group.Count(one => one.End.IsKilled)))],
            violations.Count, [.. violations.Take(MostLines)], BenchJson.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 1));
    }

    private static IEnumerable<SaveCase> CasesOf(Dictionary<string, int> counts, SaveFaultsPlan plan) =>
        from fault in plan.Faults
        from call in counts
        where plan.Calls.Count == 0 || plan.Calls.Contains(call.Key, StringComparer.Ordinal)
        where fault != SaveFault.Short || call.Key.Contains("write", StringComparison.Ordinal)
        from occurrence in plan.Ends ? (int[])[.. new[] { 1, call.Value }.Distinct()] : [.. Enumerable.Range(1, call.Value)]
        select new SaveCase(call.Key, occurrence, fault);

    private static async Task<List<string>> CountAsync(Probes probes, SaveMutation mutation, CancellationToken stop)
    {
        using var folder = new TemporaryFolder();
        var probe = await probes.TakeAsync();
        var (end, trace) = await probe.SaveAsync(folder.Path, mutation, thread => Strace.Watch(thread, Path.Combine(folder.Path, "trace")), stop);
        probes.Return(probe);
        using (trace)
        {
            return end.IsDone ? [.. trace.Calls] : throw new InvalidOperationException($"saving fails without any fault: {end.Refusal}");
        }
    }

    private static async Task<(SaveEnd End, bool Struck, IReadOnlyList<string> Flaws)> TryAsync(Probes probes, SaveStates states, SaveCase place, SaveFaultsPlan plan, CancellationToken stop)
    {
        using var folder = new TemporaryFolder();
        var probe = await probes.TakeAsync();
        var (end, trace) = await probe.SaveAsync(folder.Path, plan.Mutation, thread => Strace.Inject(thread, place, plan.Delay, Path.Combine(folder.Path, "trace")), stop);

        // A refused close leaves the descriptor open, which it would not if the kernel refused it: with the process it is gone.
        if (end.IsKilled || place is { Call: "close", IsRefusal: true })
        {
            probe.Dispose();
        }
        else
        {
            probes.Return(probe);
        }

        using (trace)
        {
            return (end, trace.Struck, SaveJudge.Flaws(SaveScene.Of(folder.Path), states, place, end));
        }
    }

    private static SaveStates StatesOfAll()
    {
        using var folder = new TemporaryFolder();
        return new SaveStates(SaveScene.Of(folder.Path).Model);
    }

    /// <summary>Processes that save: the one that is free, or the next, which warms up meanwhile.</summary>
    private sealed class Probes(CancellationToken stop) : IDisposable
    {
        private SaveProcess? _free;
        private Task<SaveProcess> _next = SaveProcess.StartAsync(stop);

        internal async Task<SaveProcess> TakeAsync()
        {
            if (_free is { } free)
            {
                _free = null;
                return free;
            }

            var taken = await _next;
            _next = SaveProcess.StartAsync(stop);
            return taken;
        }

        internal void Return(SaveProcess probe) => _free = probe;

        public void Dispose()
        {
            _free?.Dispose();
            _next.ContinueWith(next => next.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default).Wait(TimeSpan.FromSeconds(30));
        }
    }
}
