using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using ActorRing.Cluster.Akka.Actors;
using ActorRing.Cluster.Akka.Wire;
using ActorRing.Cluster.Hosting.Security;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Cluster;
using Akka.Configuration;
using Akka.Remote.Transport.DotNetty;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorRing.Cluster.Akka;

/// <summary>One actor system that is or was a node of an Akka cluster. A node that was removed never comes back; another one takes its place.</summary>
internal sealed class AkkaNode
{
    private const string SystemName = "actorring";
    private readonly ActorSystem _system;
    private readonly AkkaCluster _cluster;

    private AkkaNode(ActorSystem system, AkkaCluster cluster, IActorRef actor) => (_system, _cluster, Actor) = (system, cluster, actor);

    /// <summary>The engine's actor.</summary>
    internal IActorRef Actor { get; }

    /// <summary>Where it listens.</summary>
    internal IPEndPoint EndPoint => new(IPAddress.Parse(_cluster.SelfAddress.Host!), _cluster.SelfAddress.Port!.Value);

    /// <summary>Starts to listen, without joining anybody.</summary>
    /// <exception cref="IOException">The address is taken or cannot be listened on.</exception>
    internal static AkkaNode Start(AkkaSettings settings, IEngineEvents events)
    {
        ActorSystem? system = null;
        try
        {
            RequireFree(settings.Bind);
            var tls = new DotNettySslSetup(
                settings.Tls.Certificate, suppressValidation: false, requireMutualAuthentication: true, (certificate, _, _, _, _) => IsOfCluster(settings.Tls, certificate));
            system = ActorSystem.Create(SystemName, BootstrapSetup.Create().WithConfig(ConfigOf(settings)).And(tls));

            // Akka.Remote shuts a whole node down when a peer ends in the middle of a handshake (1.5.73), as consoles and killed ranks may. Nobody else but Akka asks for
            // this shutdown: it is held for ever in its first phase.
            CoordinatedShutdown.Get(system).AddTask(CoordinatedShutdown.PhaseBeforeServiceUnbind, "never", () => new TaskCompletionSource<global::Akka.Done>().Task);
            var actor = system.ActorOf(Props.Create(() => new EngineActor(events)).WithDispatcher("actorring-engine"), EngineActor.Name);
            return new AkkaNode(system, AkkaCluster.Get(system), actor);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            system?.Terminate();
            throw new IOException($"address {settings.Bind}: cannot be listened on: {failure.GetBaseException().Message.ReplaceLineEndings(" ")}", failure);
        }
    }

    /// <summary>Forms a cluster of its own.</summary>
    internal void Form() => _cluster.Join(_cluster.SelfAddress);

    /// <summary>Joins the seed's cluster; Akka tries until it is told to stop.</summary>
    internal void Join(IPEndPoint seed) => _cluster.Join(AddressOf(seed));

    /// <summary>The engine's actor of the seed.</summary>
    internal ActorSelection SeedActor(IPEndPoint seed) => _system.ActorSelection($"{AddressOf(seed)}/user/{EngineActor.Name}");

    /// <summary>Whether the seed is the one at this address.</summary>
    internal static bool IsAt(Address node, IPEndPoint seed) => node == AddressOf(seed);

    /// <summary>Whether a node takes part in this one's cluster.</summary>
    internal bool Knows(Address node) => _cluster.State.Members.Any(member => member.Address == node && member.Status is MemberStatus.Joining or MemberStatus.WeaklyUp or MemberStatus.Up);

    /// <summary>Removes a node that will not come back.</summary>
    internal void Remove(Address node) => _cluster.Down(node);

    /// <summary>Ends at once.</summary>
    internal Task EndAsync() => _system.Terminate();

    // Akka says that it failed, and not why.
    private static void RequireFree(IPEndPoint address)
    {
        using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(address);
    }

    private static bool IsOfCluster(EngineTls tls, X509Certificate2? certificate)
    {
        using var chain = new X509Chain { ChainPolicy = tls.Policy(EngineTls.ServerUse, EngineTls.ClientUse) };
        return certificate is not null && chain.Build(certificate);
    }

    private static Address AddressOf(IPEndPoint endPoint) => new("akka.ssl.tcp", SystemName, endPoint.Address.ToString(), endPoint.Port);

    // First wins. What keeps strangers out comes first.
    private static Config ConfigOf(AkkaSettings settings)
    {
        var fixedKeys = ConfigurationFactory.ParseString(string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            akka {
              actor {
                provider = cluster
                serializers {
                  hyperion = "{{typeof(FrameSerializer).FullName}}, {{typeof(FrameSerializer).Assembly.GetName().Name}}"
                  json = "{{typeof(NoSerializer).FullName}}, {{typeof(NoSerializer).Assembly.GetName().Name}}"
                }
                serialization-bindings { "{{typeof(EngineFrame).FullName}}, {{typeof(EngineFrame).Assembly.GetName().Name}}" = hyperion }
              }
              remote {
                untrusted-mode = on
                trusted-selection-paths = ["/user/{{EngineActor.Name}}", "/system/cluster/core/daemon", "/system/cluster/heartbeatReceiver"]
                dot-netty.tcp { enable-ssl = true, hostname = "{{settings.Bind.Address}}", port = {{settings.Bind.Port}} }
              }
              cluster.roles = [{{(settings.Seed is null ? "seed" : "rank")}}]
            }
            """));
        return fixedKeys
            .WithFallback(ConfigurationFactory.ParseString(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "akka.conf"))))
            .WithFallback(HyperionDefaults());
    }

    private static Config HyperionDefaults() => global::Akka.Serialization.HyperionSerializer.DefaultConfiguration();
}
