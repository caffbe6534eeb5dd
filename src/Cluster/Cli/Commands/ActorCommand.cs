using System.CommandLine;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring actor hierarchy</c>: the tree of what is there.</summary>
internal static class ActorCommand
{
    internal static Command Create()
    {
        var start = new Option<string>("--start", "-s") { Description = "Path to start at.", DefaultValueFactory = _ => "/" };
        var depth = NumberOption.Of("--depth", "Levels below it.", 4, 0, 64);
        depth.Aliases.Add("-d");
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var hierarchy = new Command("hierarchy", "Prints one path a line, sorted. Example: actorring actor hierarchy -d 3") { start, depth, json, ClusterOptions.OfMember };
        hierarchy.SetAction(async result =>
        {
            await using var link = await ConsoleLink.ConnectAsync(ClusterOptions.PlaceOf(result), default);
            var question = new QueryHierarchy(ConsoleLink.NewKey(), result.GetValue(start)!, result.GetValue(depth), 0);
            var paths = (await link.AskAsync<HierarchyAnswer>(new ObserverMachine(question, ConsoleLink.RetryEvery, ConsoleLink.Patience), default)).SelectMany(page => page.Paths).ToList();
            if (paths.Count == 0)
            {
                throw new UsageException($"--start is '{question.Under}', below which there is nothing; allowed: a path that actor hierarchy prints");
            }

            Console.WriteLine(result.GetValue(json) ? BenchJson.Of(paths) : string.Join('\n', paths));
        });
        return new Command("actor", "Shows the actors of a cluster. Example: actorring actor hierarchy") { hierarchy };
    }
}
