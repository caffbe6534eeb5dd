using System.Threading.Channels;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Machines;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>A person's connection to a cluster: asks, and waits for the answer.</summary>
internal sealed class ConsoleLink : IEngineSink, IAsyncDisposable
{
    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly MemberEngine _engine;
    private readonly Channel<Received> _inbox = Channel.CreateBounded<Received>(new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropOldest });
    private volatile MemberView _view = new(0, []);
    private volatile string? _evicted;

    private ConsoleLink(MemberEngine engine) => _engine = engine;

    /// <summary>Who is connected, as the seed last said.</summary>
    internal MemberView View => _view;

    /// <summary>Connects.</summary>
    /// <exception cref="UsageException">There is no cluster.</exception>
    internal static async Task<ConsoleLink> ConnectAsync(ClusterPlace place, CancellationToken stop)
    {
        var self = new MemberRef($"{Roles.ConsolePrefix}{Environment.ProcessId}", MemberRef.NewIncarnation(TimeProvider.System));
        var link = new ConsoleLink(new MemberEngine(place.Settings(makesToken: false), self));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        try
        {
            await link._engine.StartAsync(link, patience.Token);
            return link;
        }
        catch (OperationCanceledException)
        {
            await link.DisposeAsync();
            stop.ThrowIfCancellationRequested();
            throw new UsageException($"--state is {place.Folder}, whose seed does not answer; start it: actorring seed");
        }
        catch
        {
            await link.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets a submitter's machine ask for what it is for.</summary>
    /// <returns>The answer.</returns>
    /// <exception cref="TimeoutException">None came.</exception>
    internal async Task<Message> RunAsync(SubmitterMachine machine, CancellationToken stop)
    {
        var effects = new Outbox();
        var started = TimeProvider.System.GetTimestamp();
        MachineEvent input = new Started();
        while (true)
        {
            machine.Handle(input, new Instant(TimeProvider.System.GetElapsedTime(started).Ticks), effects);
            var wait = RetryEvery;
            for (var at = 0; at < effects.Count; at++)
            {
                switch (effects[at])
                {
                    case SendToSeed send:
                        Tell(send.Message);
                        break;
                    case ExitProcess exit:
                        return machine.Answer ?? throw new TimeoutException(exit.Reason);
                }
            }

            effects.Clear();
            input = await NextAsync(wait, stop) is { } received ? received : new WakeUp();
        }
    }

    /// <summary>Asks until there is an answer.</summary>
    /// <exception cref="TimeoutException">None came.</exception>
    internal async Task<T> AskAsync<T>(Message question, Func<T, bool> isAnswer, CancellationToken stop)
        where T : Message
    {
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < Patience)
        {
            Tell(question);
            while (await NextAsync(RetryEvery, stop) is { } received)
            {
                if (received is { From.Role: Role.Coordinator, Message: T answer } && isAnswer(answer))
                {
                    return answer;
                }
            }
        }

        throw new TimeoutException("the seed did not answer");
    }

    /// <summary>Sends a message to a member, once.</summary>
    internal void Tell(MemberRef member, Message message) => _engine.Tell(member, MessageCodec.Encode(message));

    public void OnFrame(MemberRef from, ReadOnlyMemory<byte> frame)
    {
        if (MessageCodec.TryDecode(frame.Span, out var message) == WireError.None)
        {
            _inbox.Writer.TryWrite(new Received(Roles.Of(from), message!));
        }
    }

    public void OnView(MemberView view) => _view = view;

    public void OnEvicted(string why) => _evicted = why;

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private void Tell(Message message)
    {
        if (_evicted is { } why)
        {
            throw new InvalidOperationException(why);
        }

        if (_view.Find(Roles.Seed) is { IsUp: true } seed)
        {
            Tell(seed.Member, message);
        }
    }

    private async Task<Received?> NextAsync(TimeSpan wait, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(wait);
        try
        {
            return await _inbox.Reader.ReadAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return null;
        }
    }
}
