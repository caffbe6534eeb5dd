using System.Globalization;
using System.Text.RegularExpressions;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Specs.SaveFaults;
using Xunit.Abstractions;

namespace ActorRing.Cluster.Specs.Jobs;

/// <summary>A lost rank comes back from the others' memory, as <c>strace</c> sees it.</summary>
[Collection(Cli.OneConsole.Name)]
public sealed partial class FilelessRecoverySpec(ITestOutputHelper output)
{
    private const int Ranks = 3;

    [StraceTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Lost_rank_must_come_back_without_a_look_at_the_checkpoint_folder_and_through_it_when_there_are_no_replicas(bool peerReplicas)
    {
        using var folder = new TrainingFolder();
        var trace = folder.At("trace");

        // The tracer is a grandchild: the process that is started is the seed, and its members are traced from their first call.
        await using var cluster = await ClusterProcess.StartTracedAsync(
            folder.State, ["strace", "-D", "-f", "--seccomp-bpf", "-ttt", "-o", trace, "-e", "trace=%file"], ["up", "--ranks", Ranks.ToString(CultureInfo.InvariantCulture)]);
        var more = $"checkpoint.peer_replicas = {(peerReplicas ? "true" : "false")}";
        var job = await cluster.SubmitAsync(folder.Job("traced", steps: 1_000_000, Ranks, every: 10_000, more: more));
        await cluster.AwaitAsync(job, status => status.StepsCommitted > 0, "no progress");
        var request = new ControlJob(ConsoleLink.NewKey(), job, JobVerb.Checkpoint);
        await cluster.Console.RunAsync(new SubmitterMachine(request, ConsoleLink.RetryEvery, ConsoleLink.Patience), default);
        var saved = await cluster.AwaitAsync(job, status => status.CheckpointCommitted > 0, "no TrainingCheckpoint");
        await cluster.AwaitAsync(job, status => status.StepsCommitted > saved.CheckpointCommitted + 2, "no progress");
        Assert.Contains(Calls(trace), call => call.Line.Contains(folder.At("traced/checkpoint/step-"), StringComparison.Ordinal));

        var armed = Now();
        await cluster.ArmAsync(1, FaultPoint.Attention);
        var lost = await cluster.AwaitAsync(job, status => status.Losses > 0, "the loss was not noticed");
        await cluster.AwaitAsync(job, status => status.Losses == lost.Losses && status.EpochRanks == Ranks && status.StepsCommitted > lost.StepsCommitted, "no recovery");
        var committed = Now();

        var during = Calls(trace).Where(call => call.At >= armed && call.At <= committed).ToList();
        var looks = during.Where(call => call.Line.Contains(folder.At("traced/checkpoint"), StringComparison.Ordinal)).ToList();
        output.WriteLine($"{committed - armed:F3} s, {during.Count} calls about files, {looks.Count} below the checkpoint folder");

        // The process that took the lost one's place is in the trace: it has loaded the kernels.
        Assert.Contains(during, call => call.Line.Contains("libar_cpu.so", StringComparison.Ordinal));
        if (peerReplicas)
        {
            Assert.Equal([], looks.Select(look => look.Line));
        }
        else
        {
            Assert.InRange(looks.Where(look => look.Line.Contains("openat(", StringComparison.Ordinal)).Select(look => look.Thread).Distinct().Count(), Ranks, int.MaxValue);
        }
    }

    private static double Now() => (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;

    private static IEnumerable<(string Thread, double At, string Line)> Calls(string trace)
    {
        using var reader = new StreamReader(new FileStream(trace, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            if (Call().Match(line) is { Success: true } match)
            {
                yield return (match.Groups[1].Value, double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture), line);
            }
        }
    }

    [GeneratedRegex(@"^(\d+) +(\d+\.\d+) ")]
    private static partial Regex Call();
}
