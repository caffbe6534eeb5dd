using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <content>Who is there: joins, heartbeats, verdicts, fences.</content>
public sealed partial class CoordinatorMachine
{
    private string? Greet(MemberId member, MemberHello hello, Instant now, Outbox effects)
    {
        if (hello.Term > Term && _options.Mutation != Mutation.IgnoreLaterTerm)
        {
            return Exit(Text.Of($"{member} has heard of term {hello.Term}, later than {Term}"), effects);
        }

        if (hello.Promised.Number > _book.LastEpoch.Number && _options.Mutation != Mutation.TrustAnyLog)
        {
            // Nobody is told of an epoch that is not on the disk: this log lacks what was there.
            return Exit(Text.Of($"{member} knows of epoch {hello.Promised}, and the log ends with {_book.LastEpoch}: it is an older copy; start the seed on the newest one"), effects);
        }

        var record = _members.Find(member);
        if (_book.IsFenced(member) || _log.HasFence(member) || record is { IsUp: false })
        {
            // A process that lives on under a finished incarnation.
            if (_options.Mutation != Mutation.KeepZombies)
            {
                effects.Send(member, new ReleaseMember(Term, member, false, "given up: " + (record?.Reason ?? "replaced")));
            }

            return null;
        }

        string? reason = null;
        if (record is null)
        {
            var namesake = _members.Namesake(member);
            if (namesake is not null && namesake.Id.Incarnation > member.Incarnation)
            {
                effects.Send(member, new ReleaseMember(Term, member, false, Text.Of($"there is a later {namesake.Id}")));
                return null;
            }

            record = _members.Join(member, now);
            if (record is null)
            {
                effects.Send(member, new ReleaseMember(Term, member, false, "the cluster is full"));
                return null;
            }

            reason = Text.Of($"{member} joined");
            if (namesake is not null)
            {
                GiveUp(namesake, EpochEnd.MemberExit, Text.Of($"{namesake.Id} was restarted as {member}"), isGone: false, effects);
            }
        }

        if (record.Hello is { } last && hello.Sequence <= last.Sequence)
        {
            return reason;
        }

        // A late or repeated heartbeat is no sign of life.
        record.HeardAt = now;
        record.DisconnectedAt = null;

        if (record.Hello is null || hello.Progress > record.Hello.Progress || hello.Phase != record.Hello.Phase || hello.Waiting is not null)
        {
            record.ProgressAt = now;
        }

        // It is there, or has left its epoch: what the next one waits for may be complete.
        var isNews = record.Hello is null || (hello.Phase == RankPhase.Idle && record.Hello.Phase != RankPhase.Idle);
        record.Hello = hello;
        reason = Compare(record, hello, now, effects) ?? reason;
        return isNews && _epoch is null ? Next(now, effects) ?? reason : reason;
    }

    // What a rank says of its epoch against what is current here.
    private string? Compare(MemberRecord record, MemberHello hello, Instant now, Outbox effects)
    {
        if (record.IsLeaving && record.Rank < 0)
        {
            effects.Send(record.Id, new ReleaseMember(Term, record.Id, true, "asked to leave"));
            return null;
        }

        if (_epoch is not { } epoch || record.Rank < 0 || hello.Promised != epoch.Id)
        {
            // One that ended on its way to the disk may never have been: nobody may promise it before it is there.
            if (_epoch is null && _ended is not null && _ended.Epoch <= _book.LastEpoch && hello.Promised < _ended.Epoch)
            {
                effects.Send(record.Id, _ended);
            }
            else if (hello.Phase != RankPhase.Idle && hello.Promised != Epoch)
            {
                effects.Send(record.Id, new EndEpoch(Term, hello.Promised, EpochEnd.None, "this epoch is over"));
            }

            // Its promise is behind the epoch that a restarted coordinator hopes to find running.
            return _epoch is { Phase: EpochPhase.Adopting } && record.Rank >= 0 && hello.Term == Term
                ? EndCurrent(EpochEnd.NotAdopted, Text.Of($"rank {record.Rank} ({record.Id}) is not in epoch {Epoch}"), now, effects)
                : null;
        }

        epoch.Hops.Note(record.Rank, hello.Waiting, hello.StepsDone);

        if (epoch.Phase == EpochPhase.Adopting && hello.Term == Term)
        {
            return AdoptRank(epoch, record, hello, now, effects);
        }

        if (epoch.Phase is EpochPhase.Starting or EpochPhase.Training && hello.Phase == RankPhase.Idle)
        {
            return EndCurrent(EpochEnd.RankFailure, Text.Of($"rank {record.Rank} ({record.Id}) has left the epoch"), now, effects);
        }

        return null;
    }

    private string? Drain(Sender from, DrainMember drain, Outbox effects)
    {
        var record = _members.Find(drain.Name);
        var (outcome, text) = from.Role != Role.Submitter ? (RequestOutcome.Refused, "only a submitter may ask members to leave")
            : record is null ? (RequestOutcome.Refused, Text.Of($"there is no member {drain.Name}"))
            : (RequestOutcome.Accepted, record.Rank < 0 ? "" : Text.Of($"rank {record.Rank} leaves after a TrainingCheckpoint"));
        record?.IsAskedToLeave |= outcome == RequestOutcome.Accepted;
        effects.Send(from.Member, new ControlAnswer(drain.Key, outcome, text));
        return outcome == RequestOutcome.Accepted ? Text.Of($"{record!.Id} was asked to leave") : null;
    }

    private string? SeeGone(MemberGone gone, Instant now, Outbox effects)
    {
        if (_members.Find(gone.Member) is not { } record)
        {
            return null;
        }

        if (!record.IsGone)
        {
            GiveUp(record, EpochEnd.MemberExit, Text.Of($"{record.Id}: {gone.How}"), isGone: true, effects);
            if (!_book.IsFenced(record.Id) && !_log.HasFence(record.Id))
            {
                _log.Append(new MemberFenced(record.Id), effects);
            }

        }

        var reason = WatchEpoch(now, effects);
        _members.Sweep();
        StartLost(effects);
        return Next(now, effects) ?? reason;
    }

    // At once where a rank is missing: a process takes its time to start. Where spares are left only when the ring trains again, which they should not be kept from.
    private void StartLost(Outbox effects)
    {
        if (!_options.StartsMembers || (_epoch is { } epoch ? epoch.LongestStep == TimeSpan.Zero : _members.Present >= (Active()?.Spec.Ranks ?? int.MaxValue)))
        {
            return;
        }

        foreach (var lost in _members.Removed)
        {
            if (!lost.IsLeaving && _members.IsLastOfItsName(lost) && !_members.NeverComes(lost.Id.Name))
            {
                effects.Add(new StartMember(lost.Id.Name));
            }
        }
    }

    private void GiveUp(MemberRecord record, EpochEnd verdict, string reason, bool isGone, Outbox effects)
    {
        _members.GiveUp(record, verdict, reason, isGone);
        if (!record.IsGone)
        {
            effects.Add(new FenceMember(record.Id, reason));
        }
    }

    // Nobody is given up meanwhile, and nobody's silence counts once somebody is heard again.
    private bool IsCutOff(Instant now)
    {
        if (!_members.AreAllSilent(now) || _options.Mutation == Mutation.GiveAllUp)
        {
            if (_silentSince is { } begun)
            {
                _members.Forgive(now - begun, now);
                _silentSince = null;
            }

            return false;
        }

        _silentSince ??= now;
        return now - _silentSince.Value <= _options.IsolationLimit;
    }

    private string? WatchMembers(Instant now, Outbox effects)
    {
        string? reason = null;
        foreach (var record in _members.All)
        {
            if (!record.IsUp)
            {
                if (!record.IsGone)
                {
                    effects.Add(new FenceMember(record.Id, record.Reason));
                }

                continue;
            }

            var silence = _members.Silence(record, now);
            if (silence != EpochEnd.None)
            {
                reason = silence == EpochEnd.SocketEnd
                    ? Text.Of($"{record.Id}: its connection ended and it did not come back")
                    : Text.Of($"{record.Id}: silent for {(long)(now - record.HeardAt).TotalMilliseconds} ms");
                GiveUp(record, silence, reason, isGone: false, effects);
            }
        }

        _members.Sweep();
        return reason;
    }
}
