using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using ActorRing.Cluster.Embedded.Links;
using ActorRing.Cluster.Embedded.Wire;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Engine.Wire;

namespace ActorRing.Cluster.Embedded;

/// <summary>A member: one connection to the seed, opened anew with growing pauses whenever it is lost.</summary>
public sealed class MemberEngine : IMemberEngine
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private readonly EmbeddedSettings _settings;
    private readonly string _seedName;
    private readonly CancellationTokenSource _stop = new();
    private SinkGate? _sink;
    private Link? _link;
    private Guid _clusterUid;
    private IReadOnlyList<MemberStatus> _members = [];
    private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _living = Task.CompletedTask;
    private Task _beating = Task.CompletedTask;
    private long _dropped;
    private volatile string? _lastFailure;
    private int _disposed;

    /// <summary>A member that has not joined yet.</summary>
    /// <param name="settings">Shared with the seed.</param>
    /// <param name="self">Its name and this life's incarnation.</param>
    /// <param name="seedName">Name of the seed, which its certificate must carry; matters only with certificates.</param>
    /// <exception cref="InvalidOperationException">The address is of another machine and there are no certificates.</exception>
    public MemberEngine(EmbeddedSettings settings, MemberRef self, string seedName = "seed")
    {
        settings.RequireSafety();
        _settings = settings;
        _seedName = seedName;
        Self = self;
    }

    /// <inheritdoc/>
    public MemberRef Self { get; }

    /// <inheritdoc/>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <inheritdoc/>
    public string? LastFailure => _lastFailure;

    /// <inheritdoc/>
    /// <remarks>While nobody listens at the address it tries again until <paramref name="ct"/> ends the wait.</remarks>
    public async Task StartAsync(IEngineSink sink, CancellationToken ct)
    {
        var link = await JoinAsync(ct).ConfigureAwait(false);
        _sink = new SinkGate(sink);
        _living = LiveAsync(link);
        _beating = BeatAsync();

        // The seed can reach a member only after its welcome: the first view says that it does.
        await Task.WhenAny(_seen.Task, _living).WaitAsync(ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Tell(MemberRef receiver, ReadOnlyMemory<byte> frame)
    {
        FrameTooLargeException.ThrowIfTooLarge(receiver, frame);
        var taken = receiver == Self
            ? _sink?.TryOwnFrame(Self, frame.ToArray()) == true
            : MemberRef.IsValidName(receiver.Name) && Volatile.Read(ref _link)?.TrySend(WireFormat.Carry(receiver, frame.Span)) == true;
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
        if (link is not null)
        {
            await link.EndAfterAsync(WireFormat.Empty(FrameKind.Bye), MemberReason.Left).ConfigureAwait(false);
        }

        await _living.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _beating.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_sink is not null)
        {
            await _sink.DisposeAsync().ConfigureAwait(false);
        }

        _stop.Dispose();
    }

    /// <summary>Ends the connection as a fault of the network would; the member comes back.</summary>
    internal void Cut() => Volatile.Read(ref _link)?.End(MemberReason.SocketEnd);

    /// <summary>Ends the connection as the death of the process would: no good-bye, no return.</summary>
    internal void Die()
    {
        _stop.Cancel();
        Cut();
    }

    private async Task LiveAsync(Link link)
    {
        try
        {
            while (true)
            {
                await using (link.ConfigureAwait(false))
                {
                    Volatile.Write(ref _link, link);
                    if (_stop.IsCancellationRequested)
                    {
                        return; // it joined while whoever ends the engine looked for a link to end
                    }

                    await link.ReadAsync(OnFrame, limited: false).ConfigureAwait(false);
                    Volatile.Write(ref _link, null);
                }

                if (_stop.IsCancellationRequested || link.Reason == MemberReason.Evicted)
                {
                    return;
                }

                // Everybody else is reached through the seed.
                _sink!.View([.. _members.Select(status => status.Member != Self && status.IsUp ? status with { IsUp = false, Reason = link.Reason } : status)]);
                link = await JoinAsync(_stop.Token).ConfigureAwait(false);
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

    private void OnFrame(IncomingFrame frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.Beat:
                return;
            case FrameKind.View:
                _members = ViewCodec.Decode(frame.Body.Span);
                _sink!.View(_members);
                _seen.TrySetResult();
                return;
            case FrameKind.Frame:
                var body = new BodyReader(frame.Body.Span);
                var sender = body.TakeMember();
                _sink!.Frame(sender, body.Rest.ToArray());
                return;
            case FrameKind.Evicted:
                _sink!.Evicted(new BodyReader(frame.Body.Span).TakeText());
                Volatile.Read(ref _link)?.End(MemberReason.Evicted);
                return;
            default:
                throw new WireException($"kind {(byte)frame.Kind}");
        }
    }

    private async Task<Link> JoinAsync(CancellationToken ct)
    {
        var pause = ShortestPause;
        while (true)
        {
            using var limit = new CancellationTokenSource(_settings.HandshakeTimeout, _settings.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
            try
            {
                var link = await TryJoinAsync(both.Token).ConfigureAwait(false);
                _lastFailure = null;
                return link;
            }
            catch (Exception failure) when (failure is IOException or SocketException || (failure is OperationCanceledException && !ct.IsCancellationRequested))
            {
                Note(failure);
                // Nobody there, or gone in the middle of it. Members of one cluster must not come back all at the same moment.
                await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), _settings.Time, ct).ConfigureAwait(false);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    private async Task<Link> TryJoinAsync(CancellationToken ct)
    {
        Link? link = null;
        var socket = _settings.Address.NewSocket();
        try
        {
            await socket.ConnectAsync(_settings.Address.EndPoint, ct).ConfigureAwait(false);
            if (_settings.Address.IsLocal && !Security.PeerUser.IsSelf(socket))
            {
                throw new EngineRefusedException($"address {_settings.Address}: the seed there is of another user");
            }

            Stream stream = new NetworkStream(socket, ownsSocket: true);
            link = new Link(socket, _settings.Tls is null ? stream : await _settings.Tls.ConnectAsync(stream, _seedName, ct).ConfigureAwait(false), _settings);
            _clusterUid = (await Handshake.JoinAsync(link, _settings, Self, _clusterUid, ct).ConfigureAwait(false)).ClusterUid;
            link.Reader.LargestBody = WireFormat.LargestBody;
            return link;
        }
        catch (Exception failure)
        {
            if (link is not null)
            {
                await link.DisposeAsync().ConfigureAwait(false);
            }

            socket.Dispose();
            if (failure is AuthenticationException)
            {
                throw new EngineRefusedException($"address {_settings.Address}: the certificates do not agree: {failure.Message}");
            }

            // In TLS 1.3 a client learns that it is refused only by the end of the connection. If its own certificate is why, no further attempt will do better.
            if (failure is IOException && _settings.Tls?.FlawAs(Self.Name, listens: false) is { } flaw)
            {
                throw new EngineRefusedException($"address {_settings.Address}: the seed refuses this certificate: {flaw}");
            }

            throw;
        }
    }

    // A seed that is away is nothing to speak of; one that is there and does not answer is, once.
    private void Note(Exception failure)
    {
        var reason = failure switch
        {
            SocketException => failure.Message,
            OperationCanceledException => string.Create(CultureInfo.InvariantCulture, $"no answer within {_settings.HandshakeTimeout.TotalSeconds:0.#} s"),
            _ => "it ended the connection before it let this member in; if it refused it, its log says why",
        };
        if (failure is not SocketException && reason != _lastFailure)
        {
            _settings.Log($"the seed at {_settings.Address}: {reason}; trying again");
        }

        _lastFailure = reason;
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(_settings.Heartbeat, _settings.Time);
        while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
        {
            Volatile.Read(ref _link)?.Beat();
        }
    }
}
