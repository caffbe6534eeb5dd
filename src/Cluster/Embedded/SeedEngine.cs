using System.Collections.Concurrent;
using ActorRing.Cluster.Embedded.Links;
using ActorRing.Cluster.Embedded.Wire;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Engine.Wire;

namespace ActorRing.Cluster.Embedded;

/// <summary>The hub: members connect to it, it knows who is there and passes frames on. A member can only speak as itself, for its connection says who it is.</summary>
public sealed class SeedEngine : ISeedEngine
{
    private readonly EmbeddedSettings _settings;
    private readonly Guid _clusterUid;
    private readonly Roster _roster;
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<MemberRef, Link> _links = new();
    private readonly ConcurrentDictionary<MemberRef, ProcessRef> _processes = new();
    private readonly CancellationTokenSource _stop = new();
    private Listener? _listener;
    private SinkGate? _sink;
    private Task _beating = Task.CompletedTask;
    private long _dropped;
    private int _disposed;

    /// <summary>A seed that does not listen yet.</summary>
    /// <param name="settings">Shared with the members.</param>
    /// <param name="self">Its own name and incarnation.</param>
    /// <param name="clusterUid">Kept in the store: a member that joined another cluster is not let in, nor stays.</param>
    /// <exception cref="InvalidOperationException">The address is open to other machines and there are no certificates.</exception>
    public SeedEngine(EmbeddedSettings settings, MemberRef self, Guid clusterUid)
    {
        settings.RequireSafety();
        _settings = settings;
        _clusterUid = clusterUid;
        Self = self;
        _roster = new Roster(self, settings.LargestCluster);
    }

    /// <inheritdoc/>
    public MemberRef Self { get; }

    /// <inheritdoc/>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Connections that were turned away: strangers, wrong versions, occupied names, and those too many at a time.</summary>
    public long Refused => _listener?.Refused ?? 0;

    /// <summary>Where it listens; the port is filled in if the settings left it 0.</summary>
    public EngineAddress Address => _listener?.Address ?? _settings.Address;

    /// <inheritdoc/>
    public string Listening => Address.Text;

    /// <inheritdoc/>
    /// <exception cref="IOException">The address is taken or cannot be listened on.</exception>
    public Task StartAsync(IEngineSink sink, CancellationToken ct)
    {
        _sink = new SinkGate(sink);
        _listener = Listener.Start(_settings, ServeAsync);
        _beating = BeatAsync();
        _sink.View(_roster.Members);
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
        Link? link;
        lock (_gate)
        {
            _roster.Evict(member, why);
            _links.TryRemove(member, out link);
            Publish();
        }

        _ = link?.EndAfterAsync(WireFormat.Of(FrameKind.Evicted, new BodyWriter().Text(why)), MemberReason.Evicted);
    }

    /// <inheritdoc/>
    public ProcessRef? ProcessOf(MemberRef member) => _processes.TryGetValue(member, out var process) ? process : null;

    /// <summary>Stops listening, ends all connections, and returns when no thread of the engine runs any more.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _beating.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_listener is not null)
        {
            lock (_gate)
            {
                foreach (var link in _links.Values)
                {
                    link.End(MemberReason.Left);
                }
            }

            await _listener.DisposeAsync().ConfigureAwait(false);
        }

        if (_sink is not null)
        {
            await _sink.DisposeAsync().ConfigureAwait(false);
        }

        _stop.Dispose();
    }

    // From the first byte of a connection to its last. What it throws, the listener counts as a refusal.
    private async Task ServeAsync(Link link, Action established, CancellationToken handshake)
    {
        MemberRef member;
        try
        {
            var (who, said) = await Handshake.MeetAsync(link, _settings, _clusterUid, handshake).ConfigureAwait(false);
            member = who.Member;
            link.Reader.LargestBody = WireFormat.LargestBody;
            Admit(link, who, Handshake.Welcome(_settings, Self, said));
        }
        catch (RefusedException refusal)
        {
            await Handshake.RefuseAsync(link, refusal.Message).ConfigureAwait(false);
            throw;
        }

        try
        {
            established();
            await link.ReadAsync(frame => OnFrame(link, member, frame), limited: true).ConfigureAwait(false);
        }
        finally
        {
            Lose(link, member);
        }
    }

    private void Admit(Link link, Introduction who, byte[] welcome)
    {
        var member = who.Member;
        lock (_gate)
        {
            if (_stop.IsCancellationRequested)
            {
                throw new IOException("the seed is leaving"); // its connections are being ended, and nobody would end this one; the member waits for the next seed
            }

            if (_roster.Admit(member) is { } why)
            {
                throw new RefusedException(why);
            }

            // The same incarnation once more: its old connection is half open, and this is the one that works.
            if (_links.TryGetValue(member, out var old))
            {
                old.End(MemberReason.SocketEnd);
            }

            link.TrySend(welcome, must: true);
            _links[member] = link;
            NoteProcess(who.SharesProcess ? null : link.Process, member);
            Publish();
        }
    }

    // Kept after the connection's end, for whoever wants to know whether the process ended with it; one entry a name.
    private void NoteProcess(ProcessRef? behind, MemberRef member)
    {
        foreach (var known in _processes.Keys.Where(known => known.Name == member.Name).ToList())
        {
            _processes.TryRemove(known, out _);
        }

        if (behind is { } process)
        {
            _processes[member] = process;
        }
    }

    private void Lose(Link link, MemberRef member)
    {
        lock (_gate)
        {
            if (_links.TryRemove(KeyValuePair.Create(member, link)) && _roster.Lose(member, link.Reason))
            {
                Publish();
            }
        }
    }

    private void OnFrame(Link link, MemberRef sender, IncomingFrame frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.Beat:
                return;
            case FrameKind.Bye:
                link.End(MemberReason.Left);
                return;
            case FrameKind.Frame:
                var body = new BodyReader(frame.Body.Span);
                var receiver = body.TakeMember();
                if (body.Rest.Length > EngineLimits.FrameBytes)
                {
                    throw new WireException("frame too large");
                }

                if (receiver == Self)
                {
                    _sink!.Frame(sender, body.Rest.ToArray());
                }
                else if (!TryPass(sender, receiver, body.Rest))
                {
                    Interlocked.Increment(ref _dropped);
                }

                return;
            default:
                throw new WireException($"kind {(byte)frame.Kind}");
        }
    }

    private bool TryPass(MemberRef sender, MemberRef receiver, ReadOnlySpan<byte> frame) =>
        _links.TryGetValue(receiver, out var link) && link.TrySend(WireFormat.Carry(sender, frame));

    // Called with the lock held, so that members and sink get the views in order.
    private void Publish()
    {
        var members = _roster.Members;
        foreach (var link in _links.Values)
        {
            link.TrySend(WireFormat.Of(FrameKind.View, ViewCodec.Encode(members)), must: true);
        }

        _sink?.View(members);
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(_settings.Heartbeat, _settings.Time);
        while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
        {
            foreach (var link in _links.Values)
            {
                link.Beat();
            }
        }
    }
}
