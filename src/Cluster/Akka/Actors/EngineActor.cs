using ActorRing.Cluster.Akka.Wire;
using Akka.Actor;
using Akka.Cluster;
using Akka.Remote;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorRing.Cluster.Akka.Actors;

/// <summary>What an engine is told by its actor, one call at a time.</summary>
internal interface IEngineEvents
{
    /// <summary>A frame came from another node.</summary>
    void OnFrame(IActorRef sender, ReadOnlyMemory<byte> bytes);

    /// <summary>No more comes from a node: its connection ended, or it is silent.</summary>
    void OnLost(Address node, bool isSilent);
}

/// <summary>The actor of an engine, under one name on every node. It decides nothing: what reaches it is passed on.</summary>
internal sealed class EngineActor : UntypedActor
{
    internal const string Name = "engine";
    private readonly IEngineEvents _events;

    public EngineActor(IEngineEvents events) => _events = events;

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(DisassociatedEvent));
        AkkaCluster.Get(Context.System).Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IReachabilityEvent), typeof(ClusterEvent.MemberRemoved));
    }

    protected override void PostStop() => AkkaCluster.Get(Context.System).Unsubscribe(Self);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case EngineFrame { Bytes: { } bytes }:
                _events.OnFrame(Sender, bytes);
                break;
            case DisassociatedEvent ended:
                _events.OnLost(ended.RemoteAddress, isSilent: false);
                break;
            case ClusterEvent.UnreachableMember silent:
                _events.OnLost(silent.Member.Address, isSilent: true);
                break;
            case ClusterEvent.MemberRemoved gone:
                _events.OnLost(gone.Member.Address, isSilent: false);
                break;
            case ClusterEvent.ReachableMember:
                break; // what it sends next is answered with NoLink, and it says hello again
            default:
                Unhandled(message);
                break;
        }
    }
}
