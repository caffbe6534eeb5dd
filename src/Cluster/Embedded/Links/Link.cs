using System.Net.Security;
using System.Net.Sockets;
using ActorRing.Cluster.Embedded.Wire;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Engine.Wire;

namespace ActorRing.Cluster.Embedded.Links;

/// <summary>One connection, from either end: frames in, frames out, heartbeats both ways. It ends once and says why.</summary>
internal sealed class Link : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly EmbeddedSettings _settings;
    private readonly CancellationTokenSource _end = new();
    private readonly Outbox _outbox;
    private readonly Task _writing;
    private int _missed;
    private int _reason;

    internal Link(Socket socket, Stream stream, EmbeddedSettings settings)
    {
        _socket = socket;
        _stream = stream;
        _settings = settings;
        Process = Security.PeerUser.ProcessOf(socket);
        Reader = new FrameReader(stream);
        _outbox = new Outbox(stream, settings.OutboxBytes);
        _writing = WriteAsync();
    }

    internal FrameReader Reader { get; }

    /// <summary>The process at the other end, where the kernel says: connections by a path. Null otherwise.</summary>
    internal ProcessRef? Process { get; }

    /// <summary>Whether the peer's certificate is of this member; always true where no certificates are used.</summary>
    internal bool IsCertifiedAs(string member) => _stream is not SslStream secure || Hosting.Security.EngineTls.IsOf(secure.RemoteCertificate, member);

    /// <summary>Why the link ended; the first reason counts.</summary>
    internal MemberReason Reason => _reason == 0 ? MemberReason.SocketEnd : (MemberReason)_reason;

    /// <summary>Hands a frame over; false if it was dropped. Never blocks.</summary>
    internal bool TrySend(byte[] frame, bool must = false) => _outbox.TryAdd(frame, must);

    /// <summary>Passes each frame to <paramref name="onFrame"/> until the link ends. Returns then, never throws.</summary>
    internal async Task ReadAsync(Action<IncomingFrame> onFrame, bool limited)
    {
        var bucket = new TokenBucket(_settings.FramesPerSecond, _settings.Time);
        try
        {
            while (await Reader.ReadAsync(_end.Token).ConfigureAwait(false) is { } frame)
            {
                Volatile.Write(ref _missed, 0);
                onFrame(frame);
                if (limited && bucket.Take() is var wait && wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, _settings.Time, _end.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // However it ended, the reason that counts is in Reason.
        }
    }

    /// <summary>Sends a sign of life and counts one that is missing; past the limit the link ends. Called once per heartbeat.</summary>
    internal void Beat()
    {
        TrySend(WireFormat.Empty(FrameKind.Beat), must: true);
        if (Interlocked.Increment(ref _missed) > _settings.MissedBeats)
        {
            // Bytes that wait to be read are a sign of life: it is this process that is slow then, and the slow judge nobody.
            if (HasUnread())
            {
                Volatile.Write(ref _missed, 0);
            }
            else
            {
                End(MemberReason.Silence);
            }
        }
    }

    /// <summary>Ends the link at once; the reader returns soon after.</summary>
    internal void End(MemberReason reason)
    {
        Interlocked.CompareExchange(ref _reason, (int)reason, 0);
        _end.CancelAfter(0); // on another thread: whoever ends a link may hold a lock
    }

    /// <summary>Ends the link after a last frame, which gets a fifth of a second to leave.</summary>
    internal async Task EndAfterAsync(byte[] last, MemberReason reason)
    {
        Interlocked.CompareExchange(ref _reason, (int)reason, 0);
        TrySend(last, must: true);
        _outbox.Complete();
        await _writing.WaitAsync(TimeSpan.FromMilliseconds(200)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        End(reason);
    }

    public async ValueTask DisposeAsync()
    {
        End(MemberReason.SocketEnd);
        _outbox.Complete();
        _socket.Dispose();
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stream.DisposeAsync().ConfigureAwait(false);
    }

    private bool HasUnread()
    {
        try
        {
            return _socket.Available > 0;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            await _outbox.WriteAsync(_end.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            End(MemberReason.SocketEnd);
        }
    }
}
