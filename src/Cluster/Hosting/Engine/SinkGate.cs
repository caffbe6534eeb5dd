using System.Threading.Channels;

namespace ActorRing.Cluster.Hosting.Engine;

/// <summary>Keeps the promises of <see cref="IEngineSink"/>: one call at a time, none from inside a call of the engine, none after an eviction or the end.</summary>
internal sealed class SinkGate : IAsyncDisposable
{
    private const int LargestBacklog = 65536;
    private readonly IEngineSink _sink;
    private readonly Lock _gate = new();
    private readonly Channel<Action> _later = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _pump;
    private long _version;
    private int _ownWaiting;
    private bool _closed;

    internal SinkGate(IEngineSink sink)
    {
        _sink = sink;
        _pump = Task.Run(PumpAsync);
    }

    /// <summary>Delivers a frame from a link's reader, which holds no lock.</summary>
    internal void Frame(MemberRef from, ReadOnlyMemory<byte> frame) => Call(() => _sink.OnFrame(from, frame));

    /// <summary>Delivers a frame that this member sent to itself; false if too many wait.</summary>
    internal bool TryOwnFrame(MemberRef self, byte[] frame)
    {
        if (Interlocked.Increment(ref _ownWaiting) > LargestBacklog)
        {
            Interlocked.Decrement(ref _ownWaiting);
            return false;
        }

        return _later.Writer.TryWrite(() =>
        {
            Interlocked.Decrement(ref _ownWaiting);
            Frame(self, frame);
        });
    }

    internal void View(IReadOnlyList<MemberStatus> members) => _later.Writer.TryWrite(() => Call(() => _sink.OnView(new MemberView(++_version, members))));

    internal void Evicted(string why) => _later.Writer.TryWrite(() => Call(() =>
    {
        _closed = true;
        _sink.OnEvicted(why);
    }));

    public async ValueTask DisposeAsync()
    {
        _later.Writer.TryComplete();
        lock (_gate)
        {
            _closed = true;
        }

        await _pump.ConfigureAwait(false);
    }

    private void Call(Action call)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                call();
            }
        }
    }

    private async Task PumpAsync()
    {
        await foreach (var call in _later.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            call();
        }
    }
}
