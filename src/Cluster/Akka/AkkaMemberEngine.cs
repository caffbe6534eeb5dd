using System.Net;
using System.Security.Cryptography;
using System.Threading.Channels;
using ActorRing.Cluster.Akka.Actors;
using ActorRing.Cluster.Akka.Links;
using ActorRing.Cluster.Akka.Wire;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Engine.Wire;
using Akka.Actor;

namespace ActorRing.Cluster.Akka;

/// <summary>A member on Akka: says hello to the seed's actor, and again whenever it is lost, as another node where its own was removed.</summary>
public sealed class AkkaMemberEngine : IMemberEngine
{
    private static readonly TimeSpan HelloPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(2);
    private readonly AkkaSettings _settings;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<Answer> _answers = Channel.CreateUnbounded<Answer>();
    private SinkGate? _sink;
    private NodeEvents? _events;
    private AkkaNode? _node;
    private Task _ending = Task.CompletedTask;
    private MemberLink? _link;
    private long _asked;
    private Guid _clusterUid;
    private IReadOnlyList<MemberStatus> _members = [];
    private Task _living = Task.CompletedTask;
    private long _dropped;
    private volatile string? _lastFailure;
    private int _disposed;

    /// <summary>A member that has not joined yet.</summary>
    /// <param name="settings">Shared with the seed; with its address.</param>
    /// <param name="self">Its name and this life's incarnation.</param>
    public AkkaMemberEngine(AkkaSettings settings, MemberRef self)
    {
        ArgumentNullException.ThrowIfNull(settings.Seed);
        _settings = settings;
        Self = self;
    }

    // What the actor's thread tells the one that keeps the link; Bye: this side has lost it.
    private sealed record Answer(LinkKind Kind, long Key, string? Why = null);

    /// <inheritdoc/>
    public MemberRef Self { get; }

    /// <inheritdoc/>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <inheritdoc/>
    public string? LastFailure => _lastFailure;

    private IPEndPoint Seed => _settings.Seed!;

    /// <inheritdoc/>
    /// <remarks>While nobody listens at the address it tries again until <paramref name="ct"/> ends the wait.</remarks>
    public async Task StartAsync(IEngineSink sink, CancellationToken ct)
    {
        _sink = new SinkGate(sink);
        await JoinAsync(ct).ConfigureAwait(false);
        _living = LiveAsync();

        // The seed can reach a member only after its welcome: the first view says that it does.
        await Task.WhenAny(_seen.Task, _living).WaitAsync(ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Tell(MemberRef receiver, ReadOnlyMemory<byte> frame)
    {
        FrameTooLargeException.ThrowIfTooLarge(receiver, frame);
        var taken = receiver == Self
            ? _sink?.TryOwnFrame(Self, frame.ToArray()) == true
            : MemberRef.IsValidName(receiver.Name) && Volatile.Read(ref _link)?.TryCarry(receiver, frame.Span) == true;
        if (!taken)
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>Says good-bye, and returns when no thread of the engine runs any more.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        var link = Volatile.Read(ref _link);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _living.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_node is { } node)
        {
            if (link is not null)
            {
                link.Tell(LinkKind.Bye);
                await Task.WhenAny(_left.Task, Task.Delay(LeavePatience)).ConfigureAwait(false);
            }

            await node.EndAsync().ConfigureAwait(false);
        }

        await _ending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_sink is not null)
        {
            await _sink.DisposeAsync().ConfigureAwait(false);
        }

        _stop.Dispose();
    }

    /// <summary>Ends as the death of the process would: no good-bye, no return.</summary>
    internal void Die()
    {
        _stop.Cancel();
        Volatile.Write(ref _link, null);
        _ = _node?.EndAsync();
    }

    private void OnFrame(IActorRef sender, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var body = new BodyReader(bytes.Span);
            var kind = (LinkKind)body.TakeByte();
            var key = body.TakeInt64();
            var link = Volatile.Read(ref _link);
            switch (kind)
            {
                case LinkKind.Welcome:
                    OnWelcome(sender, key, body);
                    return;
                case LinkKind.Refused:
                    _answers.Writer.TryWrite(new Answer(kind, key, Why: body.TakeText()));
                    return;
                case LinkKind.NotInCluster or LinkKind.NoLink:
                    _answers.Writer.TryWrite(new Answer(kind, key));
                    return;
                case var _ when link?.Key != key || !link.Peer.Equals(sender):
                    return; // of an earlier link
                case LinkKind.View:
                    _members = ViewCodec.Decode(body.Rest);
                    _sink!.View(_members);
                    _seen.TrySetResult();
                    return;
                case LinkKind.Read:
                    link.Window.OnRead(body.TakeInt64());
                    return;
                case LinkKind.Frame:
                    var from = body.TakeMember();
                    var offset = body.TakeInt64();
                    _sink!.Frame(from, body.Rest.ToArray());
                    link.NoteRead(offset);
                    return;
                case LinkKind.Bye:
                    _left.TrySetResult();
                    return;
                case LinkKind.Evicted:
                    _answers.Writer.TryWrite(new Answer(kind, key, Why: body.TakeText()));
                    return;
                default:
                    throw new WireException($"kind {(byte)kind}");
            }
        }
        catch (WireException flaw)
        {
            _settings.Log($"{sender.Path.Address}: what it says is not of a seed: {flaw.Message}");
        }
    }

    private void OnLost(Address node, bool isSilent)
    {
        if (AkkaNode.IsAt(node, Seed) && Volatile.Read(ref _link) is { } link)
        {
            Lose(link, isSilent ? MemberReason.Silence : MemberReason.SocketEnd);
        }
    }

    // On the actor's thread, so that the view that follows finds the link.
    private void OnWelcome(IActorRef sender, long key, BodyReader body)
    {
        body.TakeMember();
        var uid = new Guid(body.Take(16));
        body.RequireEnd();
        if (key != Volatile.Read(ref _asked) || Volatile.Read(ref _link)?.Key == key)
        {
            return;
        }

        if (_clusterUid != Guid.Empty && _clusterUid != uid)
        {
            _answers.Writer.TryWrite(new Answer(LinkKind.Refused, key, Why: $"the seed is now of cluster {uid}; this member joined {_clusterUid}"));
            return;
        }

        _clusterUid = uid;
        Volatile.Write(ref _link, new MemberLink(Self, key, sender, _node!.Actor, _settings.OutboxBytes));
        _answers.Writer.TryWrite(new Answer(LinkKind.Welcome, key));
    }

    private async Task LiveAsync()
    {
        try
        {
            while (true)
            {
                var answer = await _answers.Reader.ReadAsync(_stop.Token).ConfigureAwait(false);
                var link = Volatile.Read(ref _link);
                switch (answer.Kind)
                {
                    case LinkKind.Evicted:
                        _sink!.Evicted(answer.Why!);
                        return;
                    case LinkKind.NoLink when link is not null && link.Key == answer.Key:
                        Lose(link, MemberReason.SocketEnd);
                        continue;
                    case LinkKind.Bye:
                        await JoinAsync(_stop.Token).ConfigureAwait(false);
                        continue;
                    default:
                        continue;
                }
            }
        }
        catch (EngineRefusedException refusal)
        {
            _sink!.Evicted(refusal.Message);
        }
        catch (OperationCanceledException)
        {
            // The engine is being disposed.
        }
        catch (Exception failure)
        {
            // A bug, of this engine or of the sink: a member that is cut off and does not know it would be worse than none.
            _sink!.Evicted($"the engine of {Self} failed: {failure.Message}");
        }
    }

    private void Lose(MemberLink link, MemberReason reason)
    {
        if (Interlocked.CompareExchange(ref _link, null, link) == link)
        {
            // Everybody else is reached through the seed.
            _sink!.View([.. _members.Select(status => status.Member != Self && status.IsUp ? status with { IsUp = false, Reason = reason } : status)]);
            _answers.Writer.TryWrite(new Answer(LinkKind.Bye, link.Key));
        }
    }

    // Until the seed says welcome. A node that it does not take into its cluster, or that belonged to another one, is given up for a new one.
    private async Task JoinAsync(CancellationToken ct)
    {
        var isFresh = false;
        while (true)
        {
            if (_node is null)
            {
                _node = AkkaNode.Start(_settings, _events = new NodeEvents(this));
                _node.Join(Seed);
                isFresh = true;
            }

            if (await TryJoinAsync(_node, isFresh, ct).ConfigureAwait(false))
            {
                _lastFailure = null;
                return;
            }

            // Not waited for: the seed gives up who stays away too long.
            _events!.IsOver = true;
            _ending = Task.WhenAll(_ending, _node.EndAsync());
            _node = null;
        }
    }

    private async Task<bool> TryJoinAsync(AkkaNode node, bool isFresh, CancellationToken ct)
    {
        var began = Environment.TickCount64;
        var key = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8));
        Volatile.Write(ref _asked, key);
        var hello = new BodyWriter().UInt16(LinkCodec.Version).Text(_settings.AppVersion).Member(Self).Bytes(_clusterUid.ToByteArray());
        while (true)
        {
            node.SeedActor(Seed).Tell(LinkCodec.Of(LinkKind.Hello, key, hello), node.Actor);
            using var pause = CancellationTokenSource.CreateLinkedTokenSource(ct);
            pause.CancelAfter(HelloPause);
            try
            {
                while (true)
                {
                    var answer = await _answers.Reader.ReadAsync(pause.Token).ConfigureAwait(false);
                    switch (answer.Kind)
                    {
                        case LinkKind.Welcome when answer.Key == key:
                            return true;
                        case LinkKind.Refused when answer.Key == key:
                            throw new EngineRefusedException(answer.Why!);
                        case LinkKind.NotInCluster when answer.Key == key && (!isFresh || Environment.TickCount64 - began > JoinPatience.TotalMilliseconds):
                            return false;
                        case LinkKind.NotInCluster when answer.Key == key:
                            _lastFailure = "the seed has not taken this node into its cluster yet";
                            continue;
                        case LinkKind.Evicted:
                            throw new EngineRefusedException(answer.Why!);
                        default:
                            continue;
                    }
                }
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                // No answer yet: it may not be there, or the hello was lost.
            }
        }
    }

    // What one node hears. Of one that is ending nothing counts: it may lose the seed that the next one has just found.
    private sealed class NodeEvents(AkkaMemberEngine engine) : IEngineEvents
    {
        internal volatile bool IsOver;

        public void OnFrame(IActorRef sender, ReadOnlyMemory<byte> bytes)
        {
            if (!IsOver)
            {
                engine.OnFrame(sender, bytes);
            }
        }

        public void OnLost(Address node, bool isSilent)
        {
            if (!IsOver)
            {
                engine.OnLost(node, isSilent);
            }
        }
    }
}
