using System.CommandLine;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Evaluation;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring bench throughput</c>: every mode beside data parallel at growing lengths.</summary>
internal static class ThroughputCommand
{
    internal static Command Create()
    {
        var lengths = new Option<string>("--lengths") { Description = "Tokens of a row, by commas.", DefaultValueFactory = _ => "1k,2k,4k" };
        var ranks = NumberOption.Of("--ranks", "Rank processes of one thread, and rows of an update.", 2, 2, 64);
        var modes = new Option<string>("--modes") { Description = "Modes, by commas.", DefaultValueFactory = _ => string.Join(',', SharedModes.All) };
        var rounds = NumberOption.Of("--rounds", "Counted updates after one to warm up.", 2, 1, 1000);
        var recompute = new Option<string>("--recompute") { Description = "none, full or selective++.", DefaultValueFactory = _ => "selective++" };
        var shape = new ShapeOptions(layers: 4, width: 256, heads: 4, kvHeads: 4, mlpWidth: 704, vocabulary: 8192);
        var command = new Command("throughput", "Whole training steps, data parallel and in every mode, of the same rows. Example: actorring bench throughput --ranks 2 --lengths 1k,8k --json")
        {
            lengths, ranks, modes, rounds, recompute, BenchCommand.Json,
        };
        shape.AddTo(command);
        command.SetAction(result =>
        {
            var dims = shape.Of(result);
            var asked = SharedModes.Parse(result.GetValue(modes)!);
            var policy = RecomputePolicy.Named(result.GetValue(recompute)!);
            var problems = NumberLists.Lengths("--lengths", result.GetValue(lengths)!).Select(tokens => new TrainingProblem(dims, ElementType.Float32, policy, result.GetValue(ranks), tokens)).ToList();
            var json = result.GetValue(BenchCommand.Json);
            using var processes = new RankProcesses();
            var (rows, refused) = (new List<ThroughputRow>(), new List<string>());
            foreach (var problem in problems)
            {
                var possible = ThroughputBench.Possible(asked, problem);
                refused.AddRange(possible.Refused);
                foreach (var row in ThroughputBench.Run(processes, possible.Modes, problem, result.GetValue(rounds)))
                {
                    rows.Add(row);
                    if (!json)
                    {
                        Console.WriteLine($"{row.Tokens,8} tokens  {row.Mode,-14} {row.TokensPerSecond,10:F0} tokens/s  {row.Fraction,6:P1} of the peak  {row.Ratio,5:F2} x data parallel ({row.CpuRatio:F2} by processor time)"
                            + $"  {row.Bytes / 1e6,9:F2} MB  loss {row.Loss:F5}, differs by {row.LossDifference:E1}");
                    }
                }
            }

            if (json)
            {
                Console.WriteLine(BenchJson.Of(new { rows, refused }));
                return;
            }

            refused.ForEach(Console.WriteLine);
        });
        return command;
    }
}
