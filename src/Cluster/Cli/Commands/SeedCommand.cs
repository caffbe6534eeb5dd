using System.CommandLine;
using System.Net;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Telemetry;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring seed</c>: the coordinator of a cluster.</summary>
internal static class SeedCommand
{
    /// <summary>Where the seed shows what it measures.</summary>
    internal static readonly Option<int?> MetricsPort = new("--metrics-port") { Description = "Serves /, the page of the running cluster, /metrics, /healthz/live and /healthz/ready on this port of 127.0.0.1, or of --metrics-address; 0 takes any. Without it: not at all." };

    /// <summary>To whom the seed shows it.</summary>
    internal static readonly Option<string?> MetricsAddress = new("--metrics-address") { Description = "Address at which --metrics-port listens. Whoever reaches it can read everything there, and change nothing. Default: 127.0.0.1." };

    /// <summary>Where the page finds needle tests.</summary>
    internal static readonly Option<string> NeedleFolder = new("--needle-dir")
    {
        Description = "Folder whose newest needle.json, in it or one level below, is on the page.",
        DefaultValueFactory = _ => Path.Combine("runs", "eval"),
    };

    /// <summary>When jobs make do.</summary>
    internal static readonly Option<int> RejoinWait = NumberOption.Of(
        "--rejoin-wait", "Milliseconds that a job waits for lost members before it makes do with reserves or, where it may, with fewer ranks; and that they must be there again before it takes them in.", 5000, 0, 86_400_000);

    internal static Command Create()
    {
        var members = NumberOption.Of("--members", "Member processes to start, and to start again when they are lost.", 0, 0, 1024);
        var command = new Command("seed", "Runs the coordinator of a cluster until it is told to stop; jobs and what is committed outlive it. Example: actorring seed") { members, RejoinWait, MetricsPort, MetricsAddress, NeedleFolder, ClusterOptions.OfSeed };
        command.SetAction(async (result, _) =>
        {
            await using var telemetry = new SeedTelemetry(result.GetValue(MetricsPort), result.GetValue(NeedleFolder)!, AddressOf(result));
            await using var seed = new SeedProcess(ClusterOptions.PlaceOf(result), result.GetValue(members), telemetry, TimeSpan.FromMilliseconds(result.GetValue(RejoinWait)));
            using var signals = new DrainSignals(seed.Drain);
            await seed.StartAsync(default);
            return (await seed.Ended).IsClean ? 0 : 1;
        });
        return command;
    }

    private static IPAddress? AddressOf(ParseResult result) => result.GetValue(MetricsAddress) switch
    {
        null => null,
        var text when result.GetValue(MetricsPort) is null => throw new UsageException($"{MetricsAddress.Name} is '{text}', which needs {MetricsPort.Name}; allowed: both, or neither"),
        var text => IPAddress.TryParse(text, out var address) ? address : throw new UsageException($"{MetricsAddress.Name} is '{text}', allowed: an address of this machine, such as 0.0.0.0 for all of them"),
    };
}
