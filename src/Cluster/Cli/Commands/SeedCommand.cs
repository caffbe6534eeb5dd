using System.CommandLine;
using ActorRing.Cluster.Cli.Cluster;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring seed</c>: the coordinator of a cluster.</summary>
internal static class SeedCommand
{
    internal static Command Create()
    {
        var members = NumberOption.Of("--members", "Member processes to start, and to start again when they are lost.", 0, 0, 1024);
        var command = new Command("seed", "Runs the coordinator of a cluster until it is told to stop; jobs and what is committed outlive it. Example: actorring seed") { members, ClusterPlace.Option };
        command.SetAction(async (result, _) =>
        {
            await using var seed = new SeedProcess(ClusterPlace.Of(result), result.GetValue(members), StepPrinter.Take);
            using var signals = new DrainSignals(seed.Drain);
            await seed.StartAsync(default);
            var end = await seed.Ended;
            ClusterLog.Write(end.Reason);
            return end.IsClean ? 0 : 1;
        });
        return command;
    }
}
