using System.CommandLine;
using System.Globalization;
using ActorRing.Cluster.Cli.Demo;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring demo</c>: four rank processes extend a small model's context, one of them is lost on the way, and a report shows what came of it.</summary>
internal static class DemoCommand
{
    internal static Command Create()
    {
        var output = new Option<string>("--out", "-o") { Description = "Folder of everything that it writes; an earlier demo there is replaced.", DefaultValueFactory = _ => Path.Combine("runs", "demo") };
        var haystack = new Option<string>("--haystack-dir") { Description = "King James text, one *.txt a book.", DefaultValueFactory = _ => Path.Combine("artifacts", "data", "kjv") };
        var ranks = NumberOption.Of("--ranks", "Member processes.", 4, 2, 64);
        var mode = new Option<string>("--mode") { Description = "How ranks share a sequence.", DefaultValueFactory = _ => "zigzag" };
        var seed = NumberOption.Of("--seed", "Of the training data and of the samples that are asked.", 1L, 0, 1L << 40);
        var samples = NumberOption.Of("--num-samples", "Samples of each cell of the needle maps.", 8, 1, 1000);
        var verify = new Option<bool>("--verify") { Description = "Train once more without the loss, and compare the weights bit by bit." };
        var json = new Option<bool>("--json") { Description = "The figures as JSON; what happens goes to standard error." };
        var command = new Command("demo", "Extends a small model's context on four rank processes, loses one, and shows what came of it. Any key of the job (hocon/jobs/demo.conf) can follow. Example: actorring demo") { output, haystack, ranks, mode, seed, samples, verify, json };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async result =>
        {
            using var signal = new StopSignal("stopped; nothing is left running. Again from the start: actorring demo");
            var plan = new DemoPlan(
                Path.GetFullPath(result.GetValue(output)!), result.GetValue(haystack)!, result.GetValue(ranks), RanksOptions.ModeOf(result.GetValue(mode)!), result.GetValue(seed),
                result.GetValue(samples), result.UnmatchedTokens);
            var standardOutput = Console.Out;
            if (result.GetValue(json))
            {
                Console.SetOut(Console.Error); // the lines of updates, too
            }

            var figures = await new DemoScript(plan, signal.Token).RunAsync(result.GetValue(verify));
            if (result.GetValue(json))
            {
                standardOutput.WriteLine(Bench.BenchJson.Of(figures));
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"wrote {Path.Combine(plan.Folder, "report.html")} in {figures.Seconds:F0} s"));
            return figures.IsSound ? 0 : 1;
        });
        return command;
    }
}
