using System.Threading.Channels;
using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Hosting.Engine;

namespace ActorRing.Cluster.Specs.Engine;

/// <summary>The smallest engine that passes the kit: a dictionary of inboxes in one process. For specs of what sits on an engine.</summary>
internal sealed class MemoryCluster : EngineCluster
{
    private readonly Lock _gate = new();
    private readonly Dictionary<MemberRef, MemoryEngine> _engines = [];
    private Roster? _roster;

    public override ISeedEngine NewSeed(MemberRef self) => new MemoryEngine(this, self, isSeed: true);

    public override IEngine NewMember(MemberRef self) => new MemoryEngine(this, self, isSeed: false);

    public override void Kill(IEngine member) => Remove((MemoryEngine)member, MemberReason.SocketEnd);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal void Add(MemoryEngine engine, bool isSeed)
    {
        lock (_gate)
        {
            _roster = isSeed ? new Roster(engine.Self, 100) : _roster;
            if (!isSeed && _roster!.Admit(engine.Self) is { } why)
            {
                throw new EngineRefusedException(why);
            }

            _engines[engine.Self] = engine;
            Publish();
        }
    }

    internal void Remove(MemoryEngine engine, MemberReason reason)
    {
        lock (_gate)
        {
            if (_engines.Remove(engine.Self) && _roster!.Lose(engine.Self, reason))
            {
                Publish();
            }
        }
    }

    internal void Evict(MemberRef member, string why)
    {
        lock (_gate)
        {
            _roster!.Evict(member, why);
            if (_engines.Remove(member, out var engine))
            {
                engine.Post(sink => sink.OnEvicted(why));
            }

            Publish();
        }
    }

    internal bool TryDeliver(MemberRef from, MemberRef receiver, byte[] frame)
    {
        lock (_gate)
        {
            return _engines.TryGetValue(receiver, out var engine) && engine.TryPostFrame(from, frame);
        }
    }

    private void Publish()
    {
        foreach (var engine in _engines.Values)
        {
            var members = _roster!.Members;
            engine.Post(sink => sink.OnView(new MemberView(engine.NextVersion(), members)));
        }
    }
}

/// <summary>One member of a <see cref="MemoryCluster"/>.</summary>
internal sealed class MemoryEngine(MemoryCluster cluster, MemberRef self, bool isSeed) : ISeedEngine
{
    private const int LargestBacklogBytes = 8 << 20;
    private readonly Channel<Action<IEngineSink>> _inbox = Channel.CreateUnbounded<Action<IEngineSink>>();
    private int _waitingBytes;
    private Task _pump = Task.CompletedTask;
    private long _dropped;

    public string Listening => "memory";
    private long _version;
    private bool _disposed;

    public MemberRef Self => self;

    public long Dropped => Interlocked.Read(ref _dropped);

    public Task StartAsync(IEngineSink sink, CancellationToken ct)
    {
        cluster.Add(this, isSeed);
        _pump = Task.Run(
            async () =>
            {
                await foreach (var call in _inbox.Reader.ReadAllAsync(CancellationToken.None))
                {
                    call(sink);
                }
            },
            ct);
        return Task.CompletedTask;
    }

    public void Tell(MemberRef receiver, ReadOnlyMemory<byte> frame)
    {
        FrameTooLargeException.ThrowIfTooLarge(receiver, frame);
        if (_disposed || !cluster.TryDeliver(self, receiver, frame.ToArray()))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    public void Evict(MemberRef member, string why) => cluster.Evict(member, why);

    public ProcessRef? ProcessOf(MemberRef member) => null;

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        cluster.Remove(this, MemberReason.Left);
        _inbox.Writer.TryComplete();
        await _pump;
    }

    internal bool Post(Action<IEngineSink> call) => _inbox.Writer.TryWrite(call);

    internal bool TryPostFrame(MemberRef from, byte[] frame)
    {
        if (Interlocked.Add(ref _waitingBytes, frame.Length) > LargestBacklogBytes)
        {
            Interlocked.Add(ref _waitingBytes, -frame.Length);
            return false;
        }

        return Post(sink =>
        {
            sink.OnFrame(from, frame);
            Interlocked.Add(ref _waitingBytes, -frame.Length);
        });
    }

    internal long NextVersion() => Interlocked.Increment(ref _version);
}
