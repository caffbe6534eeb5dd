using System.Collections.Immutable;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <content>
/// Members come and go. A ring that has waited for long enough makes do: with reserves, which have the same ranks and end in the same bits, or with fewer ranks, where
/// the job allows that. Once members for all its ranks are there again, and have been for a while, it gets them; what is committed is in its members' memories.
/// </content>
public sealed partial class CoordinatorMachine
{
    private Instant? _roomSince;

    private string? WatchRoom(EpochRun epoch, Instant now, Outbox effects)
    {
        Forgive(epoch);
        if (!MakesDo(epoch) || Better(epoch, now) is not { } candidates)
        {
            _roomSince = null;
            return null;
        }

        _roomSince ??= now;
        if (now - _roomSince <= _options.RejoinWait || !epoch.Job.IsFruitful || _options.Mutation == Mutation.NeverGrow)
        {
            return null;
        }

        // Once in a while: to make a plan takes longer than to look who is there.
        _roomSince = null;
        var (ranks, plan) = RingFormation.Choose(epoch.Job.Spec, candidates.Count, mayShrink: true, _planner);
        return plan is not null && IsBetter(epoch, candidates.GetRange(0, ranks))
            ? EndCurrent(EpochEnd.Resized, Text.Of($"members are there for {ranks} ranks, {candidates.Take(ranks).Count(record => record.IsReserve)} of them reserves"), now, effects)
            : null;
    }

    // Who comes to a ring that went on well without them, and it does not go on with them, is left out while there are enough others: until it is another process, the job
    // another one, or a ring that cannot do without it has committed something.
    private ImmutableArray<MemberRecord> NewcomersOf(JobRecord job, List<MemberRecord> chosen) =>
        _lastEnd == EpochEnd.Resized ? [.. chosen.Where(record => !job.LastEpoch!.Members.Contains(record.Id))] : [];

    private bool Decline(EpochRun epoch, EpochEnd cause)
    {
        if (epoch.Newcomers.IsEmpty || epoch.Job.IsFruitful || !JobRecord.IsBlame(cause) || _options.Mutation == Mutation.InsistOnNewcomers)
        {
            return false;
        }

        foreach (var newcomer in epoch.Newcomers)
        {
            newcomer.IsDeclined = true;
        }

        return true;
    }

    private static void Forgive(EpochRun epoch)
    {
        foreach (var member in epoch.Members)
        {
            member!.IsDeclined &= !epoch.Job.IsFruitful;
        }
    }

    private static bool MakesDo(EpochRun epoch) =>
        epoch.StopAfter == 0 && epoch.Steps.Agreed < epoch.Job.Spec.TrainSteps && (epoch.Ranks < epoch.Job.Spec.Ranks || epoch.Members.Any(record => record!.IsReserve));

    private List<MemberRecord>? Better(EpochRun epoch, Instant now)
    {
        var candidates = RingFormation.Candidates(_members.All, epoch.Issued, record => IsFresh(record, now), epoch.Job.Spec, makesDo: true);
        return IsBetter(epoch, candidates.GetRange(0, Math.Min(candidates.Count, epoch.Job.Spec.Ranks))) ? candidates : null;
    }

    private static bool IsBetter(EpochRun epoch, List<MemberRecord> chosen) =>
        chosen.Count > epoch.Ranks || (chosen.Count == epoch.Ranks && chosen.Count(record => record.IsReserve) < epoch.Members.Count(record => record!.IsReserve));
}
