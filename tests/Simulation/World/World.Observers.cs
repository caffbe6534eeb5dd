using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;

namespace ActorRing.Simulation;

/// <content>
/// People who look, at random times and at any coordinator that lives. They have chance, time and effects of their own: a schedule goes the same way with and
/// without them, or a machine has let them decide something.
/// </content>
internal sealed partial class World
{
    private static readonly Look LookEvent = new();
    private readonly SimRandom _onlooker;
    private readonly Outbox _answers = new();
    private readonly Sender _observer = new(new("observer", 1), Role.Observer);
    private readonly int _lookEvery;
    private readonly bool _compacts;
    private readonly bool _tracesDecisions;
    private ulong _decisions = 17;

    /// <summary>Questions asked and orders tried by those who may only look.</summary>
    internal long Looks { get; private set; }

    /// <summary>Everything that machines asked for, but answers to observers, in order, with every byte.</summary>
    internal ulong Decisions => _decisions;

    private void LookLater()
    {
        // Where nothing else happens any more, nobody looks: that is for the rules to find out.
        if (_lookEvery > 0 && _queue.Count > 0)
        {
            _queue.Add(Now + _onlooker.Between(1, 2 * _lookEvery), null, LookEvent);
        }
    }

    private void LookAround()
    {
        LookLater();
        var from = _onlooker.Below(_coordinators.Count + 1);
        if (from == _coordinators.Count)
        {
            OrderMember(_members[_onlooker.Below(_members.Length)]);
        }
        else if (_coordinators[from] is { IsAlive: true } coordinator && coordinator.PausedUntil <= Now)
        {
            Ask(coordinator);
        }
    }

    private void Ask(SimCoordinator coordinator)
    {
        Looks++;
        var key = $"look-{Looks}";
        var question = Question(coordinator, key);
        _answers.Clear();
        var reason = coordinator.Machine.Handle(new Received(_observer, question), Instant(), _answers);
        Demand(reason is null, "Q1", $"{coordinator.Id} says '{reason}' to an observer's {question.GetType().Name}");
        if (question is not (QueryJobs or QueryRing or QueryMembers or QueryHierarchy or SubmitJob or ControlJob or DrainMember))
        {
            Demand(_answers.Count == 0, "Q1", $"{coordinator.Id} obeys an observer's {question.GetType().Name}");
            return;
        }

        Demand(_answers.Count == 1 && _answers[0] is Send only && only.Receiver == _observer.Member, "Q1", $"{coordinator.Id} does more than answer an observer's {question.GetType().Name}");
        var answer = ((Send)_answers[0]).Message;
        if (Looks % 8 == 0)
        {
            var error = MessageCodec.TryDecode(MessageCodec.Encode(answer), out var decoded);
            answer = error == WireError.None ? decoded! : throw new Violation($"wire: {answer.GetType().Name} is {error} to its own codec");
        }

        CheckAnswer(coordinator, key, answer);
    }

    private Message Question(SimCoordinator coordinator, string key) => _onlooker.Below(16) switch
    {
        0 or 1 => new QueryJobs(key, _onlooker.Below(3)),
        2 or 3 or 4 or > 11 => new QueryRing(key, 0),
        5 or 6 => new QueryMembers(key, 0),
        7 => new QueryHierarchy(key, "/", 9, 0),
        8 => new ControlJob(key, new(1 + _onlooker.Below(2)), (JobVerb)_onlooker.Below(4)),
        9 => new DrainMember(key, MemberName(_onlooker.Below(_members.Length))),
        10 => new SubmitJob(key, "", new() { Name = "job", Ranks = 1, MinRanks = 1, TrainSteps = 1, CheckpointEvery = 1 }),
        _ => _onlooker.Below(4) switch
        {
            0 => new StaleTerm(coordinator.Term + 1),
            1 => new MemberHello(1, coordinator.Term + 1, "", RingEpoch.None, RankPhase.Idle, 0, 0, 0, false, null, []),
            2 => new RankFailed(coordinator.Machine.Epoch, new(0), (FailureKind)_onlooker.Below(4), "an observer says so"),
            _ => new HopSummary(coordinator.Machine.Epoch, long.MaxValue, TimeSpan.Zero, []),
        },
    };

    private void CheckAnswer(SimCoordinator coordinator, string key, Message answer)
    {
        switch (answer)
        {
            case JobsAnswer jobs:
                Demand(jobs.Key == key, "Q1", "an answer to another question");
                foreach (var job in jobs.Jobs)
                {
                    var truth = _jobs[(int)job.Job.Number - 1];
                    Demand(job.StepsCommitted <= truth.MostSteps && job.CheckpointCommitted <= truth.MostCheckpoint && job.Epochs <= truth.Epochs, "Q2",
                        $"{coordinator.Id} tells of update {job.StepsCommitted} and {job.Epochs} epochs; on the disk were at most {truth.MostSteps} and {truth.Epochs}");
                }

                break;
            case RingAnswer ring:
                Demand(ring.Key == key, "Q1", "an answer to another question");
                CheckRing(coordinator, ring);
                break;
            case MembersAnswer members:
                Demand(members.Key == key && members.Term == coordinator.Term && members.Members.Length == members.Total, "Q1", "an answer to another question");
                foreach (var member in members.Members)
                {
                    Demand(member.State is not MemberState.Up || !_fenced.Contains(member.Member) || coordinator.Term != _storeTerm, "Q2", $"{member.Member} is told to be up and was given up");
                }

                break;
            case HierarchyAnswer hierarchy:
                Demand(hierarchy.Key == key && hierarchy.Paths.Length == hierarchy.Total, "Q1", "an answer to another question");
                CheckPaths(hierarchy);
                break;
            case SubmitAnswer submit:
                Demand(submit.Outcome == RequestOutcome.Refused, "Q1", "an observer submits");
                break;
            case ControlAnswer control:
                Demand(control.Outcome == RequestOutcome.Refused, "Q1", "an observer controls");
                break;
        }
    }

    private void CheckRing(SimCoordinator coordinator, RingAnswer answer)
    {
        Demand(answer.Ranks.Length == answer.Total, "Q1", "a ring with a part missing");
        Demand(answer.Epoch <= _lastIssued, "Q2", $"epoch {answer.Epoch} is told of before it is on the disk");
        if (!_rings.TryGetValue(answer.Epoch, out var ring))
        {
            // There is none, or nobody who was asked to join it lived to hear so.
            return;
        }

        foreach (var rank in answer.Ranks)
        {
            var at = rank.Rank.Index;
            Demand(ring.Proposal.Members[at] == rank.Member, "Q2", $"rank {at} is told to be {rank.Member}");
            var told = coordinator.ToldTransfers.GetValueOrDefault((answer.Epoch, at));
            Demand(rank.Hops.Transfers >= told, "Q3", $"rank {at} had {told} transfers and has {rank.Hops.Transfers} now");
            Demand(rank.Hops.Transfers <= ring.TransfersBy[at], "Q3", $"rank {at} has done {ring.TransfersBy[at]} transfers and is told to have done {rank.Hops.Transfers}");
            Demand(rank.Hops.P50 <= rank.Hops.P99 && rank.Hops.Waited <= rank.Hops.Elapsed, "Q3", $"rank {at} has figures that cannot be");
            coordinator.ToldTransfers[(answer.Epoch, at)] = rank.Hops.Transfers;
        }

        Demand(answer.Late is null || ring.Proposal.Members[answer.Late.Culprit.Index] == answer.Late.Member, "Q2", "the late one is given another one's name");
        Demand(answer.LateHops.Length <= 16 && answer.Outcomes.Length <= 16, "S15", "what went wrong is kept without bound");
    }

    private static void CheckPaths(HierarchyAnswer hierarchy)
    {
        for (var at = 1; at < hierarchy.Paths.Length; at++)
        {
            Demand(string.CompareOrdinal(hierarchy.Paths[at - 1], hierarchy.Paths[at]) < 0, "Q2", $"{hierarchy.Paths[at]} is out of order or there twice");
        }
    }

    // Who may look has no say over ranks either.
    private void OrderMember(SimMember? member)
    {
        if (member is not { IsAlive: true } || member.PausedUntil > Now)
        {
            return;
        }

        Looks++;
        _answers.Clear();
        var (term, epoch) = (member.Machine.Term + 1, new RingEpoch(member.Machine.Term + 1, 1_000));
        Message order = _onlooker.Below(2) == 0 ? new EndEpoch(term, epoch, EpochEnd.Operator, "") : new ReleaseMember(term, member.Id, true, "");
        var reason = member.Machine.Handle(new Received(_observer, order), Instant(), _answers);
        Demand(reason is null && _answers.Count == 0 && member.Machine.Term < term && member.Machine.Promised < epoch, "Q1", $"{member.Id} obeys an observer");
    }

    private void TraceDecisions(SimProcess process, string? reason)
    {
        Trace(process.Id.ToString());
        Trace(reason ?? "");
        for (var at = 0; at < _effects.Count; at++)
        {
            switch (_effects[at])
            {
                case Send send:
                    Trace(send.Receiver.ToString());
                    Mix(MessageCodec.Encode(send.Message));
                    break;
                case SendToSeed send:
                    Mix(MessageCodec.Encode(send.Message));
                    break;
                case AppendLog append:
                    Mix(LogCodec.Encode(append.Record));
                    break;
                default:
                    Trace(_effects[at].ToString() ?? "");
                    break;
            }
        }

        void Trace(ReadOnlySpan<char> text) => Mix(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text));

        void Mix(ReadOnlySpan<byte> bytes)
        {
            _decisions = (_decisions ^ (ulong)Now) * 1099511628211;
            foreach (var value in bytes)
            {
                _decisions = (_decisions ^ value) * 1099511628211;
            }
        }
    }

    /// <summary>Somebody looks.</summary>
    private sealed class Look;
}
