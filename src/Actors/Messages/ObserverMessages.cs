using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Messages;

// Questions change nothing, may be asked by every role, and are asked again when no answer comes. Long answers come in pages, so that none is longer than a
// frame; each page is of its own moment. Times are durations on the coordinator's monotonic clock. Names and reasons are cut to lengths that people read.

/// <summary>Asks for jobs.</summary>
/// <param name="Key">Names the request in its answer.</param>
/// <param name="Before">Jobs with a smaller number; 0 for the newest ones.</param>
public sealed record QueryJobs(string Key, long Before) : Message;

/// <summary>A job as its coordinator sees it.</summary>
/// <param name="Job">Number.</param>
/// <param name="Name">For people.</param>
/// <param name="State">Where it is.</param>
/// <param name="Verdict">Why it is there, in one line.</param>
/// <param name="StepsCommitted">Updates committed.</param>
/// <param name="TrainSteps">Updates wanted.</param>
/// <param name="CheckpointCommitted">Updates in the newest complete TrainingCheckpoint; 0 before the first.</param>
/// <param name="Ranks">Ranks wanted.</param>
/// <param name="MinRanks">Ranks that it goes on with when more cannot be had.</param>
/// <param name="EpochRanks">Ranks of its newest epoch; 0 before the first.</param>
/// <param name="Epoch">Its newest one.</param>
/// <param name="Epochs">Issued for it.</param>
/// <param name="Losses">Those of them that replaced an epoch which failed: a rank lost, late or wrong.</param>
/// <param name="Submitted">How long ago; null if it was submitted to an earlier coordinator.</param>
/// <param name="Degraded">Why its newest TrainingCheckpoint did not come about; null while nothing is known to be wrong.</param>
public sealed record JobStatus(JobId Job, string Name, JobState State, string Verdict, long StepsCommitted, long TrainSteps, long CheckpointCommitted, int Ranks,
    int MinRanks, int EpochRanks, RingEpoch Epoch, long Epochs, long Losses, TimeSpan? Submitted, DegradedDurability? Degraded = null)
{
    /// <summary>Epochs behind the first one that no failure made necessary: after a pause, for a member that left, by another coordinator.</summary>
    public long Restarts => Math.Max(0, Epochs - 1 - Losses);
}

/// <summary>TrainingCheckpoints fail: the job trains on, and what it has done since the last one is in the memory of its ranks alone. Ends with the next one that is committed.</summary>
/// <param name="Since">Updates in the first one that failed.</param>
/// <param name="For">How long ago that was noticed.</param>
/// <param name="Failures">How many have failed since, that one included; one that is tried again after the last update counts once.</param>
/// <param name="Cause">Of the newest failure, in one line: rank, path, the system's word.</param>
public sealed record DegradedDurability(long Since, TimeSpan For, long Failures, string Cause);

/// <summary>Jobs, oldest first.</summary>
/// <param name="Key">Of the request.</param>
/// <param name="Total">All jobs that there are.</param>
/// <param name="Jobs">At most 256.</param>
public sealed record JobsAnswer(string Key, int Total, ImmutableArray<JobStatus> Jobs) : Message;

/// <summary>Asks who is there.</summary>
/// <param name="Key">Names the request in its answer.</param>
/// <param name="From">Rows to leave out at the front.</param>
public sealed record QueryMembers(string Key, int From) : Message;

/// <summary>Where a member is in its life, in the words of those who run actor clusters.</summary>
public enum MemberState : byte
{
    /// <summary>Its process was started and has not said anything yet.</summary>
    Joining,

    /// <summary>Counts.</summary>
    Up,

    /// <summary>Will leave, and holds a rank until its job has a TrainingCheckpoint.</summary>
    Leaving,

    /// <summary>Will leave and holds nothing: it is told to exit.</summary>
    Exiting,

    /// <summary>Was given up; its end is not certain yet.</summary>
    Down,

    /// <summary>Is certainly gone.</summary>
    Removed,
}

/// <summary>What a process is there for.</summary>
public enum MemberRole : byte
{
    /// <summary>Coordinates.</summary>
    Seed,

    /// <summary>Can hold a rank.</summary>
    Rank,

    /// <summary>Can hold a rank while there are too few others.</summary>
    Reserve,
}

/// <summary>A member as its coordinator sees it.</summary>
/// <param name="Member">Name and incarnation.</param>
/// <param name="Role">What it is there for.</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="IsUnreachable">Whether it counts and was not heard of for half a lease, or its connection ended.</param>
/// <param name="Rank">That it holds; -1 for none.</param>
/// <param name="Job">Whose rank it holds; 0 for none.</param>
/// <param name="Promised">The epoch that it will not go back behind, as it said last.</param>
/// <param name="Phase">Where it is in that epoch, as it said last.</param>
/// <param name="StepsDone">Updates in its state, as it said last.</param>
/// <param name="Fingerprint">Versions of everything that its numbers depend on.</param>
/// <param name="Heard">How long ago; null if never.</param>
/// <param name="Reason">Why it was given up, or cannot be a rank of the present job; empty otherwise.</param>
public sealed record MemberStatus(MemberId Member, MemberRole Role, MemberState State, bool IsUnreachable, GlobalRank Rank, JobId Job, RingEpoch Promised, RankPhase Phase,
    long StepsDone, string Fingerprint, TimeSpan? Heard, string Reason);

/// <summary>Who is there: the coordinator, then members by name, then the last 16 that are gone.</summary>
/// <param name="Key">Of the request.</param>
/// <param name="Leader">The coordinator.</param>
/// <param name="Term">Of its life.</param>
/// <param name="Up">For how long it has been there.</param>
/// <param name="From">Rows left out at the front.</param>
/// <param name="Total">Rows of all pages.</param>
/// <param name="Members">At most 256.</param>
public sealed record MembersAnswer(string Key, MemberId Leader, long Term, TimeSpan Up, int From, int Total, ImmutableArray<MemberStatus> Members) : Message;

/// <summary>Asks for the tree of what is there.</summary>
/// <param name="Key">Names the request in its answer.</param>
/// <param name="Under">Paths from here on, itself included; <c>/</c> for all.</param>
/// <param name="Depth">Levels below it; at least 0.</param>
/// <param name="From">Paths to leave out at the front.</param>
public sealed record QueryHierarchy(string Key, string Under, int Depth, int From) : Message;

/// <summary>Paths in ordinal order: the same cluster prints the same lines.</summary>
/// <param name="Key">Of the request.</param>
/// <param name="From">Paths left out at the front.</param>
/// <param name="Total">Paths of all pages.</param>
/// <param name="Paths">At most 1,024.</param>
public sealed record HierarchyAnswer(string Key, int From, int Total, ImmutableArray<string> Paths) : Message;
