using System.Threading.Channels;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Hosting.Security;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>A person's connection to a cluster: asks, and waits for the answer.</summary>
internal sealed class ConsoleLink : IEngineSink, IAsyncDisposable
{
    /// <summary>From one try to the next.</summary>
    internal static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>How long to try.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly IMemberEngine _engine;
    private readonly Channel<Received> _inbox = Channel.CreateBounded<Received>(new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropOldest });
    private volatile MemberView _view = new(0, []);
    private volatile string? _evicted;

    private ConsoleLink(IMemberEngine engine) => _engine = engine;

    /// <summary>Who is connected, as the seed last said.</summary>
    internal MemberView View => _view;

    /// <summary>A key for a question or a request.</summary>
    internal static string NewKey() => Guid.NewGuid().ToString("n");

    /// <summary>Connects.</summary>
    /// <exception cref="UsageException">There is no cluster.</exception>
    internal static async Task<ConsoleLink> ConnectAsync(ClusterPlace place, CancellationToken stop)
    {
        var self = new MemberRef($"{Roles.ConsolePrefix}{Environment.ProcessId}-{Guid.NewGuid():n}"[..40], MemberRef.NewIncarnation(TimeProvider.System));
        var link = new ConsoleLink(place.NewMember(EngineTls.Console, self, _ => { }));
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
            throw new UsageException(place.Silence(link._engine.LastFailure));
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
        var reason = await StepAsync(machine.Handle, stop);
        return machine.Answer ?? throw new TimeoutException(reason);
    }

    /// <summary>Submits a job.</summary>
    /// <param name="spec">What to do.</param>
    /// <param name="key">Names the submission: however often it is sent, there is one job.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <exception cref="UsageException">The seed refuses it.</exception>
    /// <exception cref="TimeoutException">No answer came.</exception>
    internal async Task<JobId> SubmitAsync(JobSpec spec, string key, CancellationToken stop)
    {
        var answer = (SubmitAnswer)await RunAsync(new SubmitterMachine(key, spec, RetryEvery, Patience), stop);
        return answer.Outcome == RequestOutcome.Accepted ? answer.Job : throw new UsageException(answer.Text);
    }

    /// <summary>Asks a question.</summary>
    /// <returns>The pages of the answer.</returns>
    /// <exception cref="TimeoutException">None came.</exception>
    internal async Task<IReadOnlyList<T>> AskAsync<T>(ObserverMachine machine, CancellationToken stop)
        where T : Message
    {
        var reason = await StepAsync(machine.Handle, stop);
        return machine.Pages is [_, ..] pages ? [.. pages.Cast<T>()] : throw new TimeoutException(reason);
    }

    /// <summary>Asks every member until one answers.</summary>
    /// <param name="question">What to ask.</param>
    /// <param name="isAnswer">Whether it is to this question.</param>
    /// <param name="patience">How long to wait.</param>
    /// <param name="onlyOnce">Whether a question that may have been lost is not asked again.</param>
    /// <returns>Whether one did.</returns>
    internal async Task<bool> AskMembersAsync<T>(Message question, Func<T, bool> isAnswer, TimeSpan patience, bool onlyOnce)
        where T : Message
    {
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < patience)
        {
            foreach (var member in _view.Members.Where(status => status.IsUp && Roles.Of(status.Member).Role == Role.Member))
            {
                Tell(member.Member, question);
            }

            while (await NextAsync(onlyOnce ? patience : RetryEvery, default) is { } received)
            {
                if (received is { From.Role: Role.Member, Message: T answer } && isAnswer(answer))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void Tell(MemberRef member, Message message) => _engine.Tell(member, MessageCodec.Encode(message));

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

    // Steps a machine by what comes in and by its own wake-ups, until it is over.
    private async Task<string> StepAsync(Func<MachineEvent, Instant, Outbox, string?> handle, CancellationToken stop)
    {
        var effects = new Outbox();
        var started = TimeProvider.System.GetTimestamp();
        MachineEvent input = new Started();
        var wakeAt = TimeSpan.Zero;
        while (true)
        {
            handle(input, new Instant(TimeProvider.System.GetElapsedTime(started).Ticks), effects);
            for (var at = 0; at < effects.Count; at++)
            {
                switch (effects[at])
                {
                    case SendToSeed send:
                        Tell(send.Message);
                        break;
                    case WakeAt wake:
                        wakeAt = TimeSpan.FromTicks(wake.At.Ticks);
                        break;
                    case ExitProcess exit:
                        return exit.Reason;
                }
            }

            effects.Clear();
            input = await NextAsync(wakeAt - TimeProvider.System.GetElapsedTime(started), stop) is { } received ? received : new WakeUp();
        }
    }

    private async Task<Received?> NextAsync(TimeSpan wait, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
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
