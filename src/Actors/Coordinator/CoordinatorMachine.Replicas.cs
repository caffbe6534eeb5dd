using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <content>
/// From where an epoch goes on: the newest committed state that its members have in their memories between them; the newest TrainingCheckpoint where a part is in none. A
/// state counts only if the log has its digest, and a member's word only once it has left the last epoch: until then it may give up what it said it has.
/// </content>
public sealed partial class CoordinatorMachine
{
    private const int MostParts = 10_000;

    // Updates of a job up to which what is in memory is not tried again: it could not be loaded.
    private readonly SortedDictionary<long, long> _spoiled = [];
    private int _failedLoads;

    private bool AreSettled(JobRecord job, List<MemberRecord> members, Instant now) =>
        now - _formingSince > _options.MemberLease / 2 || _options.Mutation == Mutation.BelieveOldReplicas || members.TrueForAll(member => IsSettled(job, member));

    private bool IsSettled(JobRecord job, MemberRecord member) =>
        member.Hello is { Phase: RankPhase.Idle } hello && (hello.Promised >= _book.LastEpoch || (hello.Replicas.IsEmpty && job.LastEpoch?.Members.Contains(member.Id) != true));

    private (long StepsDone, ImmutableArray<GlobalRank> Holders) RestorePoint(JobRecord job, List<MemberRecord> members)
    {
        var best = _options.Mutation == Mutation.RestoreUncommitted && _uncommitted > job.CheckpointCommitted ? _uncommitted : job.CheckpointCommitted;
        ImmutableArray<GlobalRank> holders = [];
        if (_options.Mutation == Mutation.IgnoreReplicas)
        {
            return (best, holders);
        }

        List<Replica> incomplete = [];
        foreach (var member in members)
        {
            foreach (var replica in Trusted(job, member))
            {
                if (replica.StepsDone > best && IsCommitted(job, replica) && !incomplete.Contains(replica with { Part = 0 }))
                {
                    if (HoldersOf(replica, job, members) is { IsEmpty: false } found)
                    {
                        (best, holders) = (replica.StepsDone, found);
                    }
                    else
                    {
                        incomplete.Add(replica with { Part = 0 });
                    }
                }
            }
        }

        return (best, holders);
    }

    private bool IsCommitted(JobRecord job, Replica replica)
    {
        var isKnown = replica.StepsDone <= job.StepsCommitted && job.DigestAfter(replica.StepsDone) == replica.Digest;
        var isSpoiled = _spoiled.TryGetValue(job.Id.Number, out var upTo) && replica.StepsDone <= upTo;
        return (isKnown || _options.Mutation == Mutation.RestoreAnyReplica) && (!isSpoiled || _options.Mutation == Mutation.RetryDamagedReplica);
    }

    private ImmutableArray<Replica> Trusted(JobRecord job, MemberRecord member) =>
        member.Hello is { } hello && (IsSettled(job, member) || _options.Mutation == Mutation.BelieveOldReplicas) ? hello.Replicas : [];

    // By part; empty if one of them is nowhere. Whose own part it is comes before whoever keeps a copy: it needs no transfer.
    private ImmutableArray<GlobalRank> HoldersOf(Replica wanted, JobRecord job, List<MemberRecord> members)
    {
        if (wanted.Parts is < 1 or > MostParts)
        {
            return [];
        }

        var holders = new GlobalRank[wanted.Parts];
        Array.Fill(holders, new(-1));
        for (var rank = 0; rank < members.Count; rank++)
        {
            foreach (var replica in Trusted(job, members[rank]))
            {
                if (replica.Part >= 0 && replica.Part < holders.Length && replica == wanted with { Part = replica.Part } && (holders[replica.Part].Index < 0 || replica.Part == rank))
                {
                    holders[replica.Part] = new(rank);
                }
            }
        }

        var missing = holders.Count(holder => holder.Index < 0);
        if (missing == 1 && _options.Mutation == Mutation.RestoreWithoutAllParts)
        {
            holders[Array.FindIndex(holders, holder => holder.Index < 0)] = new(0);
            missing = 0;
        }

        return missing == 0 ? [.. holders] : [];
    }

    // Whoever could not be reached may be replaced, and another may have the part; but it must not go on like that.
    private void NoteFailedLoad(EpochRun epoch, EpochEnd cause)
    {
        if (epoch.Holders.IsEmpty || epoch.Phase != EpochPhase.Starting || cause is not (EpochEnd.RankFailure or EpochEnd.FormingTimeout or EpochEnd.DigestMismatch or EpochEnd.CheckpointDamaged))
        {
            return;
        }

        _failedLoads++;
        if (_failedLoads > 1 || cause == EpochEnd.DigestMismatch)
        {
            _spoiled[epoch.Job.Id.Number] = epoch.Issued.RestoreFrom;
        }
    }
}
