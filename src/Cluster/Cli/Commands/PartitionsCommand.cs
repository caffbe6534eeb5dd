using System.CommandLine;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Partitions;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring bench partitions</c>: a real cluster whose network falls apart and comes together again.</summary>
internal static class PartitionsCommand
{
    private static readonly TimeSpan Bar = TimeSpan.FromSeconds(5);

    internal static Command Create()
    {
        var count = NumberOption.Of("--count", "Partitions, one after the other.", 50, 1, 100_000);
        var seed = NumberOption.Of("--seed", "Of the partitions.", 1, 0, int.MaxValue);
        var first = NumberOption.Of("--first", "Which of the seed's partitions to begin with, from 0: one that broke something comes again.", 0, 0, 1_000_000);
        var ranks = NumberOption.Of("--ranks", "Of the job, a member process with one thread each.", 3, 2, 16);
        var spares = NumberOption.Of("--spares", "Members beyond them, which take a lost rank's place.", 1, 0, 16);
        var tokens = NumberOption.Of("--tokens", "Length of the sequence: how long an update takes.", 2048, 256, 1 << 20);
        var engine = ClusterOptions.OfBench();
        var record = new Option<string?>("--record") { Description = "A file for all that seed and members say." };
        var command = new Command(
            "partitions", "Cuts the network of a real cluster apart at random, in network namespaces (root and ip are needed), and looks for two sides that both go on. Example: actorring bench partitions --json")
        {
            count, seed, first, ranks, spares, tokens, engine, record, BenchCommand.Json,
        };
        command.SetAction(async result =>
        {
            if (NetworkNamespaces.WhyNot() is { } reason)
            {
                throw new UsageException(reason);
            }

            using var signal = new StopSignal("stopping; nothing is left of it");
            var isJson = result.GetValue(BenchCommand.Json);
            var order = new PartitionOrder(
                result.GetValue(ranks), result.GetValue(spares), result.GetValue(tokens), result.GetValue(count), result.GetValue(seed), result.GetValue(first), Bar,
                result.GetValue(engine)!, result.GetValue(record));
            var report = await new PartitionRun(order, line => (isJson ? Console.Error : Console.Out).WriteLine(line), signal.Token).RunAsync();
            BenchCommand.Print([report], isJson, row => string.Join('\n', row.Lines()));
            return report.Violations == 0 && report.Count == order.Count ? 0 : 1;
        });
        return command;
    }
}
