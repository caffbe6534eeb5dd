using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Rank;

/// <content>This rank's shards of TrainingCheckpoints, and those that could not be written.</content>
public sealed partial class RankMachine
{
    private void SeeStored(RankEpoch epoch, ShardStored stored, Outbox effects)
    {
        var shard = new ShardWritten(epoch.Id, stored.StepsDone, stored.Bytes, stored.Sha256, stored.Digest);
        epoch.Unwritten = epoch.Unwritten?.StepsDone <= stored.StepsDone ? null : epoch.Unwritten;
        epoch.IsWritingAgain &= stored.StepsDone != epoch.StepsDone;
        epoch.Reports.Add(shard);
        Tell(shard, effects);
    }

    private string? SeeUnwritten(RankEpoch epoch, ShardFailed failed, Instant now, Outbox effects)
    {
        epoch.IsWritingAgain &= failed.StepsDone != epoch.StepsDone;
        if (failed.StepsDone < (epoch.Unwritten?.StepsDone ?? 0))
        {
            return failed.Text;
        }

        var isNews = epoch.Unwritten?.StepsDone != failed.StepsDone;
        epoch.Unwritten = new(epoch.Id, failed.StepsDone, failed.Text);
        epoch.WriteAgainAt = now + (10 * _options.HeartbeatEvery);
        Tell(epoch.Unwritten, effects);
        return isNews ? failed.Text : null;
    }

    // Behind the last update: what failed before it, the coordinator asks all ranks for again, at a later update. A full disk is given some time.
    private static void WriteAgain(RankEpoch epoch, Instant now, Outbox effects)
    {
        if (epoch.Unwritten?.StepsDone == epoch.StepsDone && epoch.IsAtEnd && !epoch.IsStepInHand && !epoch.IsWritingAgain && now >= epoch.WriteAgainAt)
        {
            epoch.IsWritingAgain = true;
            effects.Add(new WriteShard(epoch.Id, epoch.Proposal.Job, epoch.StepsDone));
        }
    }

    // Before the next update begins: the shard is a snapshot of the state between two of them.
    private static void Snapshot(RankEpoch epoch, Outbox effects)
    {
        var done = epoch.StepsDone;
        if (epoch.Phase is RankPhase.Training or RankPhase.Parked && !epoch.IsStepInHand && done > epoch.SnapshotAt
            && (epoch.Proposal.Spec.IsCheckpointDue(done) || done == epoch.CheckpointAt))
        {
            epoch.SnapshotAt = done;
            effects.Add(new WriteShard(epoch.Id, epoch.Proposal.Job, done));
        }
    }
}
