using System.Globalization;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench control</c> prints for one granularity.</summary>
/// <param name="Engine">embedded or akka.</param>
/// <param name="Granularity">How finely rotations wait for each other.</param>
/// <param name="Ranks">Member processes.</param>
/// <param name="Tokens">Of the sequence.</param>
/// <param name="Layers">Of the model.</param>
/// <param name="StepMs">Mean time of an update.</param>
/// <param name="MessagesPerStep">Sent by all processes of the cluster, heartbeats included, over the whole job.</param>
/// <param name="ControlShare">Time that the loops of all hosts, the seed's included, were at work, of the time of all updates of all ranks; starting up included.</param>
/// <param name="GrantWaitShare">Time that compute threads waited for grants, of the time of all updates of all ranks.</param>
internal sealed record ControlRow(string Engine, string Granularity, int Ranks, int Tokens, int Layers, double StepMs, double MessagesPerStep, double ControlShare, double GrantWaitShare);

/// <summary>What the control plane costs a real job of real processes.</summary>
internal static class ControlBench
{
    internal static ControlRow Run(string engine, GrantGranularity granularity, int ranks, int tokens, int layers, int steps)
    {
        using var folder = new TemporaryFolder();
        var spelling = Words.Of(granularity);
        File.WriteAllText(Path.Combine(folder.Path, "text.txt"), string.Concat(Enumerable.Range(0, tokens).Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i * 7919L % 10007} "))));
        File.WriteAllText(Path.Combine(folder.Path, "job.conf"), string.Create(CultureInfo.InvariantCulture, $$"""
            job { name = control, output = "{{folder.Path}}/control" }
            model { tokenizer = bytes, config { hidden_size = 256, intermediate_size = 512, num_hidden_layers = {{layers}}, num_attention_heads = 4, vocab_size = 264 } }
            data.train = ["{{folder.Path}}/text.txt"]
            compute.threads = 1
            checkpoint.export = false
            parallelism.granularity = {{spelling}}
            stages = [ { name = control, seq_len = {{tokens}}, steps = {{steps}} } ]
            """));
        var all = RunJob(folder.Path, engine, ranks);
        var members = all.Where(one => one.Steps > 0).ToList();
        if (members.Count != ranks)
        {
            throw new InvalidOperationException($"{members.Count} of {ranks} ranks said what they did");
        }

        var stepSeconds = members.Sum(one => one.StepSeconds);
        return new ControlRow(
            engine, spelling, ranks, tokens, layers, BenchJson.Round(1000 * members.Average(one => one.StepSeconds / one.Steps), 1), BenchJson.Round(all.Sum(one => one.Sent) / (double)steps, 1),
            BenchJson.Round(all.Sum(one => one.BusySeconds) / stepSeconds, 5), BenchJson.Round(members.Sum(one => one.GrantWaitSeconds) / stepSeconds, 5));
    }

    private static List<ControlStatistics> RunJob(string folder, string engine, int ranks)
    {
        var said = new List<ControlStatistics>();
        var (program, host) = OwnProgram.Command;
        string[] arguments = [.. host, "up", "--ranks", ranks.ToString(CultureInfo.InvariantCulture), Path.Combine(folder, "job.conf"), "--state", Path.Combine(folder, "state"), "--engine", engine];
        var up = MemberProcess.Start(program, arguments, new Dictionary<string, string> { [ControlStatistics.Variable] = "1" }, line =>
        {
            if (ControlStatistics.Read(line) is { } statistics)
            {
                said.Add(statistics);
            }
        });
        var exit = up.Exited.GetAwaiter().GetResult();
        up.ErrorsEnded.GetAwaiter().GetResult();
        up.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return exit.Code == 0 ? said : throw new InvalidOperationException($"the job failed: {exit.Describe()}: {(exit.LastLines is [.., var last] ? last : "it said nothing")}");
    }
}
