using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <summary>TrainingCheckpoints of a job that failed, one after the other, since the last one that did not. Not in the log: ranks say again what they could not write.</summary>
internal sealed class CheckpointFailures(JobId job, RingEpoch epoch, long stepsDone, string cause, Instant now)
{
    private const int MostDoublings = 6;

    internal JobId Job { get; } = job;

    /// <summary>Of the newest one.</summary>
    internal RingEpoch Epoch { get; private set; } = epoch;

    /// <summary>Updates in the first one.</summary>
    internal long Since { get; } = stepsDone;

    internal Instant SinceTime { get; } = now;

    /// <summary>Updates in the newest one.</summary>
    internal long Newest { get; private set; } = stepsDone;

    internal long Failures { get; private set; } = 1;

    internal string Cause { get; private set; } = cause;

    /// <summary>Updates to wait before another one is asked for: 1, 2, 4, up to 64. The calendar's come as always.</summary>
    internal long Wait => 1L << (int)Math.Min(Failures - 1, MostDoublings);

    /// <summary>Notes another one; nothing if it is known.</summary>
    internal void Add(RingEpoch epoch, long stepsDone, string cause)
    {
        if (epoch != Epoch || stepsDone > Newest)
        {
            (Epoch, Newest, Cause) = (epoch, stepsDone, cause);
            Failures++;
        }
    }

    /// <summary>Whether a commit is of a later attempt than all that failed.</summary>
    internal bool IsEndedBy(RingEpoch epoch, long stepsDone) => epoch != Epoch || stepsDone >= Newest;

    internal DegradedDurability Status(Instant now) => new(Since, now - SinceTime, Failures, Brief.Reason(Cause));
}
