using System.Runtime.CompilerServices;
using System.Text;
using ActorRing.Cluster.Hosting.Engine;

namespace ActorRing.Cluster.Specs.Engine;

/// <summary>A sink that remembers everything and lets a spec await what it is waiting for.</summary>
internal sealed class Recorder : IEngineSink
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly Lock _gate = new();
    private readonly List<(MemberRef From, byte[] Bytes)> _frames = [];
    private readonly List<MemberView> _views = [];
    private readonly List<(Func<bool> Condition, TaskCompletionSource Done)> _waits = [];
    private int _inside;

    /// <summary>Called with each frame, outside the recorder's lock: for specs that answer, or that stop reading.</summary>
    internal Action<MemberRef, ReadOnlyMemory<byte>>? OnEach { get; set; }

    internal int Overlaps { get; private set; }

    internal string? Evicted { get; private set; }

    internal IReadOnlyList<MemberView> Views => Read(() => _views.ToArray());

    internal IReadOnlyList<(MemberRef From, byte[] Bytes)> Frames => Read(() => _frames.ToArray());

    internal IReadOnlyList<string> Texts => [.. Frames.Select(frame => Encoding.UTF8.GetString(frame.Bytes))];

    public void OnFrame(MemberRef from, ReadOnlyMemory<byte> frame) => Note(() => _frames.Add((from, frame.ToArray())), () => OnEach?.Invoke(from, frame));

    public void OnView(MemberView view) => Note(() => _views.Add(view));

    public void OnEvicted(string why) => Note(() => Evicted = why);

    internal Task AwaitFrames(int count) => Await(() => _frames.Count >= count);

    internal Task AwaitEviction() => Await(() => Evicted is not null);

    internal Task AwaitUp(params MemberRef[] members) => Await(() => _views.Count > 0 && members.All(_views[^1].IsUp));

    internal Task AwaitUpByName(string name) => Await(() => _views.Count > 0 && _views[^1].Find(name) is { IsUp: true });

    internal Task AwaitDown(MemberRef member, MemberReason reason) =>
        Await(() => _views.Any(view => view.Find(member.Name) is { IsUp: false } status && status.Member == member && status.Reason == reason));

    private async Task Await(Func<bool> condition, [CallerMemberName] string what = "")
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waits.Add((condition, done));
            Check();
        }

        try
        {
            await done.Task.WaitAsync(Deadline);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{what} within {Deadline}: {Frames.Count} frames, evicted: {Evicted ?? "no"}, last view: {(Views is [.., var last] ? string.Join(", ", last.Members) : "none")}");
        }
    }

    private void Note(Action note, Action? outside = null)
    {
        Overlaps += Interlocked.Increment(ref _inside) == 1 ? 0 : 1;
        lock (_gate)
        {
            note();
            Check();
        }

        outside?.Invoke();
        Interlocked.Decrement(ref _inside);
    }

    private void Check()
    {
        foreach (var (condition, done) in _waits)
        {
            if (condition())
            {
                done.TrySetResult();
            }
        }
    }

    private T Read<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }
}
