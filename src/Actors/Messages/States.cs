namespace ActorRing.Actors.Messages;

/// <summary>Where a job is. The last three are final.</summary>
public enum JobState : byte
{
    /// <summary>Waits for its turn.</summary>
    Queued,

    /// <summary>Has the ring, or is getting one.</summary>
    Running,

    /// <summary>Will stop after its next TrainingCheckpoint.</summary>
    Pausing,

    /// <summary>Stopped at a TrainingCheckpoint.</summary>
    Paused,

    /// <summary>All updates are committed and in a TrainingCheckpoint.</summary>
    Completed,

    /// <summary>Given up; the verdict says why.</summary>
    Failed,

    /// <summary>Stopped by a person.</summary>
    Cancelled,
}

/// <summary>Where a rank is in its epoch.</summary>
public enum RankPhase : byte
{
    /// <summary>Has no epoch, or its epoch has ended.</summary>
    Idle,

    /// <summary>Has promised an epoch and makes its communicator endpoint.</summary>
    Preparing,

    /// <summary>Has answered with its plan's hash.</summary>
    Answered,

    /// <summary>Connects communicators.</summary>
    Connecting,

    /// <summary>Loads the TrainingCheckpoint.</summary>
    Restoring,

    /// <summary>Waits for everybody to be ready.</summary>
    Ready,

    /// <summary>Works on an update.</summary>
    Training,

    /// <summary>Between two updates: waits for commits, for the coordinator, or was told to stop here.</summary>
    Parked,

    /// <summary>Something failed; waits for the end of the epoch.</summary>
    Failed,
}

/// <summary>Where an epoch is, as its coordinator sees it.</summary>
public enum EpochPhase : byte
{
    /// <summary>No epoch.</summary>
    None,

    /// <summary>A restarted coordinator asks whether the epoch still runs.</summary>
    Adopting,

    /// <summary>The record is on its way to the disk; nobody knows of the epoch.</summary>
    Issuing,

    /// <summary>Ranks answer with their plans' hashes.</summary>
    Proposing,

    /// <summary>Ranks connect and restore.</summary>
    Starting,

    /// <summary>Ranks train.</summary>
    Training,
}

/// <summary>Why an epoch ended.</summary>
public enum EpochEnd : byte
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>A member's process exited.</summary>
    MemberExit,

    /// <summary>A member's connection ended and it did not come back.</summary>
    SocketEnd,

    /// <summary>A member's work stood still although it could have gone on.</summary>
    Stalled,

    /// <summary>A member was silent for longer than its lease.</summary>
    Silence,

    /// <summary>A rank said that its work failed.</summary>
    RankFailure,

    /// <summary>A transfer missed its deadline.</summary>
    HopLate,

    /// <summary>A rank has another plan or other libraries than the job.</summary>
    PlanMismatch,

    /// <summary>Ranks disagree about the state after an update, or with an earlier run of the same update.</summary>
    DigestMismatch,

    /// <summary>A loss or a gradient norm is not a finite number.</summary>
    NonFinite,

    /// <summary>Ranks did not all answer, connect and restore in time.</summary>
    FormingTimeout,

    /// <summary>A restarted coordinator could not take the epoch over as it was.</summary>
    NotAdopted,

    /// <summary>The job was paused, cancelled, drained, or has finished.</summary>
    Operator,

    /// <summary>A rank could not load the TrainingCheckpoint: it is damaged or gone.</summary>
    CheckpointDamaged,

    /// <summary>What a rank has of the state changed in its memory between two updates.</summary>
    StateCorrupt,

    /// <summary>An update could not be made of its data; the job goes back and leaves them out.</summary>
    WindowSkipped,

    /// <summary>The ring had fewer ranks than the job wants, or reserves among them, and there are members for it again.</summary>
    Resized,
}

/// <summary>What kind of failure a rank reports.</summary>
public enum FailureKind : byte
{
    /// <summary>Anything else: a lost peer, a full memory, data that cannot be read.</summary>
    Work,

    /// <summary>A loss or a gradient is not a finite number, and the rules of the job leave nothing else to try here.</summary>
    NonFinite,

    /// <summary>What the rank has of the state is not what it had after the last update.</summary>
    StateCorrupt,

    /// <summary>The rules of the job say that it ends here.</summary>
    JobStops,

    /// <summary>The rules of the job say that it goes back to its newest TrainingCheckpoint and leaves out the data from there to this update.</summary>
    RollsBack,
}

/// <summary>What a person may ask of a job.</summary>
public enum JobVerb : byte
{
    /// <summary>Stop after a TrainingCheckpoint; keep the job.</summary>
    Pause,

    /// <summary>Go on after a pause.</summary>
    Resume,

    /// <summary>Stop now, for good.</summary>
    Cancel,

    /// <summary>Write a TrainingCheckpoint as soon as all ranks can.</summary>
    Checkpoint,
}

/// <summary>What became of a request.</summary>
public enum RequestOutcome : byte
{
    /// <summary>Done, or done before under the same key.</summary>
    Accepted,

    /// <summary>Cannot be done; the text says why.</summary>
    Refused,

    /// <summary>The key was used before for something else.</summary>
    Conflict,
}
