using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Coordinator;

/// <content>Ranks that work slowly: they are named, and that is all. What stands still or is late is another matter (<see cref="HopLedger"/>, WatchProgress).</content>
public sealed partial class CoordinatorMachine
{
    private static string? WatchStragglers(EpochRun epoch, long stepsDone, Outbox effects)
    {
        string? reason = null;
        foreach (var change in epoch.Stragglers.Take(epoch.Steps.Reports))
        {
            var (rank, member) = (change.Rank, epoch.Issued.Members[change.Rank.Index]);
            var (now, before) = ((long)change.Work.TotalMilliseconds, (long)change.Before.TotalMilliseconds);
            reason = change.IsSlow
                ? Text.Of($"rank {rank.Index} ({member}) is slow: {change.Times:F1} times as long as usual; its own work in an update takes {now} ms, and took {before} ms before")
                : Text.Of($"rank {rank.Index} ({member}) is slow no more: its own work in an update takes {now} ms");
            effects.Add(new Publish(new StragglerRow(epoch.Job.Id, epoch.Id, stepsDone, rank, member, change.IsSlow, change.Times, reason)));
        }

        return reason;
    }

    // Nobody is slow in an epoch that has ended: whoever still is will be named in the next one.
    private static void ClearStragglers(EpochRun epoch, Outbox effects)
    {
        for (var rank = 0; rank < epoch.Ranks; rank++)
        {
            if (epoch.Stragglers.TimesOf(rank) is > 0 and var times)
            {
                var member = epoch.Issued.Members[rank];
                effects.Add(new Publish(new StragglerRow(epoch.Job.Id, epoch.Id, epoch.Steps.Agreed, new(rank), member, false, times, Text.Of($"rank {rank} ({member}) was slow until the epoch ended"))));
            }
        }
    }
}
