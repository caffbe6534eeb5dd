using System.Collections.Concurrent;
using System.Net;
using ActorRing.Cluster.Akka.Actors;
using ActorRing.Cluster.Akka.Links;
using ActorRing.Cluster.Akka.Wire;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Engine.Wire;
using Akka.Actor;

namespace ActorRing.Cluster.Akka;

/// <summary>The hub on Akka: members say hello to its actor, it knows who is there and passes frames on.</summary>
public sealed class AkkaSeedEngine : ISeedEngine, IEngineEvents
{
    private readonly AkkaSettings _settings;
    private readonly Guid _clusterUid;
    private readonly Roster _roster;
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<MemberRef, MemberLink> _links = new();
    private readonly Dictionary<long, MemberLink> _linksByKey = [];
    private readonly Dictionary<string, (MemberRef Member, Address Node)> _nodes = new(StringComparer.Ordinal);
    private AkkaNode? _node;
    private SinkGate? _sink;
    private long _dropped;
    private int _disposed;

    /// <summary>A seed that does not listen yet.</summary>
    /// <param name="settings">Shared with the members.</param>
    /// <param name="self">Its own name and incarnation.</param>
    /// <param name="clusterUid">Kept in the store: a member that joined another cluster is not let in, nor stays.</param>
    public AkkaSeedEngine(AkkaSettings settings, MemberRef self, Guid clusterUid)
    {
        _settings = settings;
        _clusterUid = clusterUid;
        Self = self;
        _roster = new Roster(self, settings.LargestCluster);
    }

    /// <inheritdoc/>
    public MemberRef Self { get; }

    /// <inheritdoc/>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Where it listens; the port is filled in if the settings left it 0.</summary>
    public IPEndPoint EndPoint => _node?.EndPoint ?? _settings.Bind;

    /// <inheritdoc/>
    public string Listening => EndPoint.ToString();

    /// <inheritdoc/>
    /// <exception cref="IOException">The address is taken or cannot be listened on.</exception>
    public Task StartAsync(IEngineSink sink, CancellationToken ct)
    {
        lock (_gate)
        {
            _sink = new SinkGate(sink);
            _node = AkkaNode.Start(_settings, this);
            _node.Form();
            _sink.View(_roster.Members);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Tell(MemberRef receiver, ReadOnlyMemory<byte> frame)
    {
        FrameTooLargeException.ThrowIfTooLarge(receiver, frame);
        if (receiver == Self ? _sink?.TryOwnFrame(Self, frame.ToArray()) != true : !TryPass(Self, receiver, frame.Span))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <inheritdoc/>
    public void Evict(MemberRef member, string why)
    {
        lock (_gate)
        {
            _roster.Evict(member, why);
            if (_links.TryGetValue(member, out var link))
            {
                link.Tell(LinkKind.Evicted, new BodyWriter().Text(why));
                Forget(link);
            }

            if (_nodes.TryGetValue(member.Name, out var node) && node.Member == member)
            {
                RemoveNode(member.Name);
            }

            Publish();
        }
    }

    /// <inheritdoc/>
    /// <remarks>Always null: Akka does not tell which process a connection is of.</remarks>
    public ProcessRef? ProcessOf(MemberRef member) => null;

    /// <summary>Stops listening, ends all connections, and returns when no thread of the engine runs any more.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (_node is not null)
        {
            await _node.EndAsync().ConfigureAwait(false);
        }

        if (_sink is not null)
        {
            await _sink.DisposeAsync().ConfigureAwait(false);
        }
    }

    void IEngineEvents.OnFrame(IActorRef sender, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var body = new BodyReader(bytes.Span);
            var kind = (LinkKind)body.TakeByte();
            var key = body.TakeInt64();
            if (kind == LinkKind.Hello)
            {
                OnHello(sender, key, body);
            }
            else if (LinkOf(sender, key) is { } link)
            {
                OnFrame(link, kind, body);
            }
            else
            {
                sender.Tell(LinkCodec.Of(LinkKind.NoLink, key), _node!.Actor);
            }
        }
        catch (WireException flaw)
        {
            _settings.Log($"{sender.Path.Address}: what it says is not of a member: {flaw.Message}");
        }
    }

    void IEngineEvents.OnLost(Address node, bool isSilent)
    {
        lock (_gate)
        {
            var lost = _links.Values.Where(link => link.Node == node).ToList();
            foreach (var link in lost)
            {
                Forget(link);
                _roster.Lose(link.Member, isSilent ? MemberReason.Silence : MemberReason.SocketEnd);
            }

            if (lost.Count > 0)
            {
                Publish();
            }
        }
    }

    private void OnHello(IActorRef sender, long key, BodyReader body)
    {
        if (body.TakeUInt16() is var version && version != LinkCodec.Version)
        {
            Refuse($"the seed speaks protocol {LinkCodec.Version}, this member {version}; run the same version on both");
            return;
        }

        var app = body.TakeText();
        var member = body.TakeMember();
        var known = new Guid(body.Take(16));
        body.RequireEnd();
        lock (_gate)
        {
            if (_links.TryGetValue(member, out var same) && same.Key == key)
            {
                return; // it asks again because the answer has not come yet
            }

            if (!_node!.Knows(sender.Path.Address))
            {
                sender.Tell(LinkCodec.Of(LinkKind.NotInCluster, key), _node.Actor);
                return;
            }

            var why = app != _settings.AppVersion ? $"the seed runs version {_settings.AppVersion}, this member {app}; run the same version on both"
                : known != Guid.Empty && known != _clusterUid ? $"this seed is of cluster {_clusterUid}; the member joined {known}"
                : member.Incarnation <= 0 ? "an incarnation is positive"
                : _linksByKey.ContainsKey(key) ? "a link is used once"
                : _roster.Admit(member);
            if (why is not null)
            {
                Refuse(why);
                return;
            }

            // Whatever had the name is gone, or this is the same incarnation on a link that works.
            foreach (var old in _links.Values.Where(link => link.Member.Name == member.Name).ToList())
            {
                Forget(old);
            }

            if (_nodes.TryGetValue(member.Name, out var before) && before.Node != sender.Path.Address)
            {
                RemoveNode(member.Name);
            }

            _nodes[member.Name] = (member, sender.Path.Address);
            var link = new MemberLink(member, key, sender, _node.Actor, _settings.OutboxBytes);
            link.Tell(LinkKind.Welcome, new BodyWriter().Member(Self).Bytes(_clusterUid.ToByteArray()));
            _links[member] = link;
            _linksByKey[key] = link;
            Publish();
        }

        void Refuse(string why)
        {
            _settings.Log($"{sender.Path.Address}: refused: {why}");
            sender.Tell(LinkCodec.Of(LinkKind.Refused, key, new BodyWriter().Text(why)), _node!.Actor);
        }
    }

    private void OnFrame(MemberLink link, LinkKind kind, BodyReader body)
    {
        switch (kind)
        {
            case LinkKind.Bye:
                lock (_gate)
                {
                    Forget(link);
                    // Akka's own leaving ends in the shutdown that AkkaNode holds: the seed removes the node instead.
                    link.Tell(LinkKind.Bye);
                    RemoveNode(link.Member.Name);
                    if (_roster.Lose(link.Member, MemberReason.Left))
                    {
                        Publish();
                    }
                }

                return;
            case LinkKind.Read:
                link.Window.OnRead(body.TakeInt64());
                return;
            case LinkKind.Frame:
                var receiver = body.TakeMember();
                var offset = body.TakeInt64();
                if (body.Rest.Length > EngineLimits.FrameBytes)
                {
                    throw new WireException("frame too large");
                }

                if (receiver == Self)
                {
                    _sink!.Frame(link.Member, body.Rest.ToArray());
                }
                else if (!TryPass(link.Member, receiver, body.Rest))
                {
                    Interlocked.Increment(ref _dropped);
                }

                link.NoteRead(offset);
                return;
            default:
                throw new WireException($"kind {(byte)kind}");
        }
    }

    private MemberLink? LinkOf(IActorRef sender, long key)
    {
        lock (_gate)
        {
            return _linksByKey.TryGetValue(key, out var link) && link.Peer.Equals(sender) ? link : null;
        }
    }

    private bool TryPass(MemberRef sender, MemberRef receiver, ReadOnlySpan<byte> frame) => _links.TryGetValue(receiver, out var link) && link.TryCarry(sender, frame);

    // Called with the lock held. Whoever comes back comes as another node; until it is removed, Akka takes nobody else in for good.
    private void RemoveNode(string name)
    {
        if (_nodes.Remove(name, out var gone))
        {
            _node!.Remove(gone.Node);
        }
    }

    // Called with the lock held.
    private void Forget(MemberLink link)
    {
        _links.TryRemove(KeyValuePair.Create(link.Member, link));
        _linksByKey.Remove(link.Key);
    }

    // Called with the lock held, so that members and sink get the views in order.
    private void Publish()
    {
        var members = _roster.Members;
        foreach (var link in _links.Values)
        {
            link.Tell(LinkKind.View, ViewCodec.Encode(members));
        }

        _sink?.View(members);
    }
}
