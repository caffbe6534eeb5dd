using System.CommandLine;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>Options that say which cluster is meant.</summary>
internal static class ClusterOptions
{
    private static readonly Option<string> State = new("--state")
    {
        Description = "Folder of the cluster: log, token, socket. The same for seed, members and consoles.",
        DefaultValueFactory = _ => PlaceSettings.UsualState,
    };

    private static readonly Option<string> Engine = new("--engine")
    {
        Description = "embedded, or akka: Akka.NET's cluster. auto: what the folder's seed uses, embedded at a seed.",
        DefaultValueFactory = _ => PlaceSettings.AnyEngine,
    };

    private static readonly Option<string?> Seed = new("--seed") { Description = "HOST:PORT of a seed that was started with --bind. Without it: the folder's socket." };
    private static readonly Option<string?> Bind = new("--bind") { Description = "ADDRESS:PORT to listen at instead of the folder's socket; port 0 takes any. Beyond 127.0.0.1 only with --certificates." };
    private static readonly Option<string?> Certificates = new("--certificates") { Description = "Folder that actorring certificates new made: mutual TLS 1.3 with the seed." };

    /// <summary>Name the folder alone.</summary>
    internal static IReadOnlyList<Option> OfOneMachine { get; } = [State, Engine];

    /// <summary>Name the cluster to members and consoles.</summary>
    internal static IReadOnlyList<Option> OfMember { get; } = [State, Seed, Certificates, Engine];

    /// <summary>Name the cluster to its seed.</summary>
    internal static IReadOnlyList<Option> OfSeed { get; } = [State, Bind, Certificates, Engine];

    /// <summary>Says to a bench on what its cluster shall be.</summary>
    internal static Option<string> OfBench()
    {
        var engine = new Option<string>("--engine") { Description = "What seed and members of its cluster meet in: embedded, or akka.", DefaultValueFactory = _ => ClusterPlace.Engines[0] };
        engine.Validators.Add(result =>
        {
            if (ClusterPlace.FlawOfEngine(result.GetValueOrDefault<string>()) is { } flaw)
            {
                result.AddError($"--engine {flaw}");
            }
        });
        return engine;
    }

    /// <summary>The cluster that the command line names.</summary>
    /// <exception cref="UsageException">The address is none, or is open to other machines without certificates.</exception>
    internal static ClusterPlace PlaceOf(ParseResult result)
    {
        var options = result.CommandResult.Command.Options;
        return ClusterPlace.Of(new PlaceSettings(result.GetValue(State)!, result.GetValue(Engine)!)
        {
            IsSeed = options.Contains(Bind) || !options.Contains(Seed),
            Bind = result.GetValue(Bind),
            Seed = result.GetValue(Seed),
            Certificates = result.GetValue(Certificates),
        });
    }
}
