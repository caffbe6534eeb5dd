using System.Collections.Immutable;
using System.Security.Cryptography;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Coordinator;

/// <content>Epochs: forming, negotiation, adoption, the end, and what follows it.</content>
public sealed partial class CoordinatorMachine
{
    /// <summary>Does whatever can be done next for the job whose turn it is.</summary>
    private string? Next(Instant now, Outbox effects)
    {
        // While a record is on its way to the disk, what it will change is not known: the greatest epoch, the newest TrainingCheckpoint, whose turn it is.
        // So it is while a TrainingCheckpoint is looked at.
        if (_epoch is not null || _log.Count > 0 || _suspect is not null || Active() is not { } job)
        {
            return null;
        }

        if (job.CheckpointCommitted == job.Spec.TrainSteps)
        {
            _log.Append(new JobStateChanged(job.Id, JobState.Completed, ""), effects);
            return Text.Of($"{job.Id} is complete");
        }

        switch (job.State)
        {
            case JobState.Queued:
                (_formingSince, _makesDoAt) = (now, now + _options.RejoinWait);
                (_lastEnd, _lastReason) = (EpochEnd.None, "");
                ForgetUnfit();
                _log.Append(new JobStateChanged(job.Id, JobState.Running, ""), effects);
                return Text.Of($"{job.Id} has the ring");
            case JobState.Pausing:
                _log.Append(new JobStateChanged(job.Id, JobState.Paused, "by a person"), effects);
                return null;
            default:
                var fruitless = Fruitless(job);
                return fruitless >= _options.EpochsWithoutCommit && _options.Mutation != Mutation.LoopForever
                    ? Fail(job, Text.Of($"{fruitless} epochs in a row committed nothing; the last: {_lastReason}"), effects)
                    : Form(job, now, effects);
        }
    }

    private int Fruitless(JobRecord job) => job.FruitlessEpochs + (JobRecord.IsBlame(_lastEnd) && !job.IsFruitful ? 1 : 0);

    private string Fail(JobRecord job, string verdict, Outbox effects)
    {
        _log.Append(new JobStateChanged(job.Id, JobState.Failed, verdict), effects);
        return verdict;
    }

    private void ForgetUnfit()
    {
        foreach (var record in _members.All)
        {
            (record.Unfit, record.IsDeclined) = ("", false);
        }
    }

    private string? Form(JobRecord job, Instant now, Outbox effects)
    {
        if (now < _notBefore)
        {
            return null;
        }

        var makesDo = now > _makesDoAt;
        var candidates = RingFormation.Candidates(_members.All, job.LastEpoch, record => IsFresh(record, now), job.Spec, makesDo);
        var (ranks, plan) = RingFormation.Choose(job.Spec, candidates.Count, makesDo, _planner);
        if (plan is null)
        {
            return Wait(job, candidates.Count, effects);
        }

        candidates.RemoveRange(ranks, candidates.Count - ranks);
        if ((!IsLastEpochOver(job, candidates) && _options.Mutation != Mutation.ReplaceWithoutFence) || !AreSettled(job, candidates, now))
        {
            return null;
        }

        var members = ImmutableArray.CreateBuilder<MemberId>(ranks);
        for (var rank = 0; rank < ranks; rank++)
        {
            members.Add(candidates[rank].Id);
        }

        var (restoreFrom, holders) = RestorePoint(job, candidates);
        var issued = new EpochIssued(job.Id, new(Term, _book.LastEpoch.Number + 1), members.ToImmutable(), plan.Hash, restoreFrom, _lastEnd);
        var epoch = _epoch = new(job, issued, plan, EpochPhase.Issuing, _options, now) { Holders = holders, Newcomers = NewcomersOf(job, candidates) };
        for (var rank = 0; rank < ranks; rank++)
        {
            epoch.Members[rank] = candidates[rank];
            candidates[rank].Rank = rank;
            candidates[rank].ProgressAt = now;
        }

        _log.Append(issued, effects);
        if (_options.Mutation == Mutation.ProposeBeforeLog)
        {
            Propose(epoch, now, effects);
        }

        var source = !holders.IsEmpty ? " in memory" : restoreFrom > 0 ? " in its TrainingCheckpoint" : "";
        var again = job.StepsCommitted > restoreFrom ? Text.Of($"; {job.StepsCommitted - restoreFrom} committed updates are done again") : "";
        return Text.Of($"epoch {issued.Epoch} of {job.Id}: {ranks} ranks from update {restoreFrom}{source}{again}");
    }

    // Nobody may go on in the last epoch once another one trains: its ranks are gone for certain, or join the new one, or have left the old one.
    private bool IsLastEpochOver(JobRecord job, List<MemberRecord> chosen)
    {
        if (_members.Unfenced > 0)
        {
            return false;
        }

        foreach (var member in job.LastEpoch?.Members ?? [])
        {
            if (_members.Find(member) is { IsUp: true } record && !chosen.Contains(record)
                && !(record.Hello is { Phase: RankPhase.Idle } hello && hello.Promised >= job.LastEpoch!.Epoch))
            {
                return false;
            }
        }

        return true;
    }

    private string? Wait(JobRecord job, int candidates, Outbox effects)
    {
        var unfit = "";
        foreach (var record in _members.All)
        {
            unfit = record.IsUp && record.Unfit.Length > 0 ? record.Unfit : unfit;
        }

        if (unfit.Length > 0)
        {
            // Waiting would not help: the same process would answer the same.
            return Fail(job, unfit, effects);
        }

        if (_options.StartsMembers && candidates < job.Spec.Ranks)
        {
            foreach (var member in job.LastEpoch?.Members ?? [])
            {
                if (_book.IsFenced(member))
                {
                    effects.Add(new StartMember(member.Name));
                }
            }

            StartLost(effects);
        }

        return null;
    }

    private void Propose(EpochRun epoch, Instant now, Outbox effects)
    {
        epoch.Proposal = new(Term, epoch.Id, epoch.Job.Id, epoch.Job.Spec, epoch.Issued.Members, epoch.Plan.Bytes, epoch.Plan.Hash, epoch.Issued.RestoreFrom, epoch.Holders,
            _options.Mutation == Mutation.ForgetWindows ? [] : [.. epoch.Job.Windows]);
        epoch.Enter(EpochPhase.Proposing, now);
        foreach (var member in epoch.Issued.Members)
        {
            effects.Send(member, epoch.Proposal);
        }
    }

    private string? HearAnswer(EpochRun epoch, int rank, PlanAnswer answer, Instant now, Outbox effects)
    {
        if (epoch.Phase != EpochPhase.Proposing)
        {
            return null;
        }

        if (answer.PlanHash != epoch.Plan.Hash && _options.Mutation != Mutation.AcceptAnyPlan)
        {
            return Mismatch(epoch, rank, Negotiation.Blame(new(rank), answer), now, effects);
        }

        epoch.Answered.Add(rank);
        (epoch.Endpoints[rank], epoch.Fingerprints[rank]) = (answer.Endpoint, answer.Fingerprint);
        if (!epoch.Answered.IsFull)
        {
            return null;
        }

        if (Negotiation.OddOneOut(epoch.Fingerprints) is { } odd && _options.Mutation != Mutation.AcceptAnyPlan)
        {
            return Mismatch(epoch, odd.Rank.Index, odd.Text, now, effects);
        }

        epoch.Start = new(Term, epoch.Id, [.. epoch.Endpoints], Secret(epoch.Id));
        epoch.Enter(EpochPhase.Starting, now);
        foreach (var member in epoch.Issued.Members)
        {
            effects.Send(member, epoch.Start);
        }

        return null;
    }

    private string Mismatch(EpochRun epoch, int rank, string text, Instant now, Outbox effects)
    {
        epoch.Members[rank]!.Unfit = text;
        return EndCurrent(EpochEnd.PlanMismatch, text, now, effects);
    }

    private string Secret(RingEpoch epoch)
    {
        var bytes = new byte[_options.SecretKey.Length + 16];
        _options.SecretKey.AsSpan().CopyTo(bytes);
        for (var at = 0; at < 8; at++)
        {
            bytes[^(at + 1)] = (byte)(epoch.Number >> (8 * at));
            bytes[^(at + 9)] = (byte)(epoch.Term >> (8 * at));
        }

        return Hex.Of(SHA256.HashData(bytes));
    }

    private string? HearReady(EpochRun epoch, int rank, RankReady ready, Instant now, Outbox effects)
    {
        if (epoch.Phase != EpochPhase.Starting)
        {
            return null;
        }

        epoch.FirstReady ??= ready;
        var expected = epoch.Job.DigestAfter(epoch.Issued.RestoreFrom) ?? epoch.FirstReady.Digest;
        if (ready.StepsDone != epoch.Issued.RestoreFrom || (ready.Digest != expected && _options.Mutation != Mutation.CommitWithoutComparing))
        {
            return EndCurrent(EpochEnd.DigestMismatch, Text.Of($"rank {rank}: restored another state than was committed after update {epoch.Issued.RestoreFrom}"), now, effects);
        }

        epoch.Ready.Add(rank);
        if (!epoch.Ready.IsFull)
        {
            return null;
        }

        EnterTraining(epoch, now, effects);
        return Text.Of($"epoch {epoch.Id} trains");
    }

    private void EnterTraining(EpochRun epoch, Instant now, Outbox effects)
    {
        epoch.Enter(EpochPhase.Training, now);
        _failedLoads = 0;
        foreach (var member in epoch.Members)
        {
            member!.ProgressAt = now;
        }

        if (epoch.Job.State == JobState.Pausing)
        {
            AskToStop(epoch);
        }

        effects.Add(new Publish(new EpochRow(epoch.Job.Id, epoch.Id, EpochPhase.Training, EpochEnd.None, "")));
        Announce(effects, everybody: false);
    }

    /// <summary>Ends the current epoch: its ranks are told, and what comes next is decided later.</summary>
    private string EndCurrent(EpochEnd cause, string reason, Instant now, Outbox effects)
    {
        var epoch = _epoch!;
        _epoch = null;
        ClearStragglers(epoch, effects);
        NoteFailedLoad(epoch, cause);
        (_lastEnd, _lastReason, _formingSince) = (cause, reason, now);
        _makesDoAt = cause == EpochEnd.Resized || Decline(epoch, cause) ? now : now + _options.RejoinWait;
        BackOff(epoch.Job, now, effects);
        _chronicle.Add(new EpochOutcome(epoch.Job.Id, epoch.Id, cause, reason, epoch.Job.StepsCommitted, default), now);
        var end = _ended = new EndEpoch(Term, epoch.Id, cause, reason);
        foreach (var record in epoch.Members)
        {
            if (record is null)
            {
                continue;
            }

            record.Rank = -1;
            if (record.IsUp && epoch.Phase != EpochPhase.Issuing)
            {
                effects.Send(record.Id, end);
            }
        }

        effects.Add(new Publish(new EpochRow(epoch.Job.Id, epoch.Id, EpochPhase.None, cause, reason)));
        _members.Sweep();
        return Text.Of($"epoch {epoch.Id} ended ({cause}): {reason}");
    }

    private void BackOff(JobRecord job, Instant now, Outbox effects)
    {
        var fruitless = Fruitless(job);
        var backoff = Math.Min(_options.Backoff.Ticks << Math.Clamp(fruitless - 1, 0, 20), _options.LongestBackoff.Ticks);
        _notBefore = JobRecord.IsBlame(_lastEnd) ? now + (fruitless > 0 ? new TimeSpan(Math.Max(backoff, _options.Settle.Ticks)) : _options.Settle) : now;
        WakeNext(now, effects);
    }

    /// <summary>A restarted coordinator finds an epoch in its log and asks the ranks whether it still runs.</summary>
    private string? Adopt(Instant now)
    {
        JobRecord? job = null;
        foreach (var known in _book.Jobs)
        {
            job = known.State is JobState.Running or JobState.Pausing ? known : job;
        }

        if (job?.LastEpoch is not { } issued)
        {
            return null;
        }

        // Every one of them counts as alive until its lease says otherwise: none may be replaced unfenced.
        var members = new MemberRecord?[issued.Members.Length];
        var isWhole = true;
        for (var rank = 0; rank < members.Length; rank++)
        {
            members[rank] = _book.IsFenced(issued.Members[rank]) ? null : _members.Join(issued.Members[rank], now);
            isWhole &= members[rank] is not null;
        }

        var plan = RingFormation.TryPlan(_planner, job.Spec, members.Length);
        if (plan?.Hash != issued.PlanHash || !isWhole || _options.Mutation == Mutation.NeverAdopt)
        {
            _lastEnd = EpochEnd.NotAdopted;
            _ended = new(Term, issued.Epoch, EpochEnd.NotAdopted, "a member of it is gone");
            _chronicle.Add(new EpochOutcome(job.Id, issued.Epoch, EpochEnd.NotAdopted, _ended.Reason, job.StepsCommitted, default), now);
            return "the epoch in the log cannot go on";
        }

        var epoch = _epoch = new(job, issued, plan, EpochPhase.Adopting, _options, now);
        for (var rank = 0; rank < members.Length; rank++)
        {
            epoch.Members[rank] = members[rank];
            members[rank]!.Rank = rank;
        }

        return Text.Of($"asks whether epoch {issued.Epoch} still runs");
    }

    private string? AdoptRank(EpochRun epoch, MemberRecord record, MemberHello hello, Instant now, Outbox effects)
    {
        if (hello.Phase is not (RankPhase.Ready or RankPhase.Training or RankPhase.Parked))
        {
            return EndCurrent(EpochEnd.NotAdopted, Text.Of($"rank {record.Rank} ({record.Id}) is {hello.Phase} in epoch {epoch.Id}"), now, effects);
        }

        epoch.Ready.Add(record.Rank);
        if (!epoch.Ready.IsFull && _options.Mutation != Mutation.AdoptUnasked)
        {
            return null;
        }

        // Commits are announced from the disk, so what any rank has heard of is committed; whatever is later is reported again.
        var agreed = epoch.Issued.RestoreFrom;
        foreach (var member in epoch.Members)
        {
            agreed = Math.Max(agreed, member!.Hello?.Acknowledged ?? 0);
        }

        epoch.Steps = new(epoch.Ranks, _options.RunAhead, agreed, _options.Mutation);
        EnterTraining(epoch, now, effects);
        return Text.Of($"epoch {epoch.Id} goes on from update {agreed}");
    }
}
