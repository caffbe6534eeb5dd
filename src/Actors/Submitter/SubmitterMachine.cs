using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;

namespace ActorRing.Actors.Submitter;

/// <summary>Asks for one thing until it is answered: a job, or something of a job. However often it asks, it happens once.</summary>
/// <remarks>Ends with an <see cref="ExitProcess"/> when answered or when patience is over; what it asked for may then still happen.</remarks>
public sealed class SubmitterMachine
{
    private readonly Message _request;
    private readonly string _key;
    private readonly TimeSpan _retryEvery;
    private readonly TimeSpan _patience;
    private Instant _since;

    /// <summary>Will ask for a job.</summary>
    /// <param name="key">Idempotency key, chosen once; the same one after a restart of this process.</param>
    /// <param name="spec">The job.</param>
    /// <param name="retryEvery">From one try to the next.</param>
    /// <param name="patience">How long to try.</param>
    public SubmitterMachine(string key, JobSpec spec, TimeSpan retryEvery, TimeSpan patience)
        : this(key, new SubmitJob(key, SpecCodec.Hash(spec), spec), retryEvery, patience)
    {
    }

    /// <summary>Will ask something of a job.</summary>
    /// <param name="control">What; its key names the request.</param>
    /// <param name="retryEvery">From one try to the next.</param>
    /// <param name="patience">How long to try.</param>
    public SubmitterMachine(ControlJob control, TimeSpan retryEvery, TimeSpan patience)
        : this(control?.Key ?? throw new ArgumentNullException(nameof(control)), control, retryEvery, patience)
    {
    }

    /// <summary>Will ask a member to leave.</summary>
    /// <param name="drain">Which; its key names the request.</param>
    /// <param name="retryEvery">From one try to the next.</param>
    /// <param name="patience">How long to try.</param>
    public SubmitterMachine(DrainMember drain, TimeSpan retryEvery, TimeSpan patience)
        : this(drain?.Key ?? throw new ArgumentNullException(nameof(drain)), drain, retryEvery, patience)
    {
    }

    private SubmitterMachine(string key, Message request, TimeSpan retryEvery, TimeSpan patience) =>
        (_key, _request, _retryEvery, _patience) = (key, request, retryEvery, patience);

    /// <summary>The answer; null before there is one.</summary>
    public Message? Answer { get; private set; }

    /// <summary>Takes one event.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">Never before that of an earlier call.</param>
    /// <param name="effects">What to do about it.</param>
    /// <returns>One line when it is over, otherwise null.</returns>
    public string? Handle(MachineEvent input, Instant now, Outbox effects)
    {
        ArgumentNullException.ThrowIfNull(effects);
        if (Answer is not null)
        {
            return null;
        }

        switch (input)
        {
            case Started:
                _since = now;
                return Ask(now, effects);
            case WakeUp when now - _since > _patience:
                effects.Add(new ExitProcess(false, "no answer; ask again with the same key"));
                return "no answer";
            case WakeUp:
                return Ask(now, effects);
            case Received { From.Role: Role.Coordinator, Message: SubmitAnswer answer } when answer.Key == _key && _request is SubmitJob:
                return End(answer, answer.Outcome, answer.Text, effects);
            case Received { From.Role: Role.Coordinator, Message: ControlAnswer answer } when answer.Key == _key && _request is ControlJob or DrainMember:
                return End(answer, answer.Outcome, answer.Text, effects);
            default:
                return null;
        }
    }

    private string? Ask(Instant now, Outbox effects)
    {
        effects.Add(new SendToSeed(_request));
        effects.Add(new WakeAt(now + _retryEvery));
        return null;
    }

    private string End(Message answer, RequestOutcome outcome, string text, Outbox effects)
    {
        Answer = answer;
        effects.Add(new ExitProcess(outcome == RequestOutcome.Accepted, text));
        return text;
    }
}
