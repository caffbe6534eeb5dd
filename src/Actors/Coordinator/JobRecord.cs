using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <summary>A job as the log tells it.</summary>
public sealed class JobRecord
{
    /// <summary>Control requests that a job remembers: copies of older ones are not expected any more.</summary>
    internal const int MostRequests = 64;

    /// <summary>Committed TrainingCheckpoints that a job remembers: folders keep fewer of them.</summary>
    internal const int MostCheckpoints = 16;

    private readonly List<SkippedWindow> _windows = [];
    private readonly List<CheckpointRef> _checkpoints = [];
    private readonly List<StepCommitted> _steps = [];
    private readonly List<string> _requests = [];
    private long _stepsFrom = 1;

    internal JobRecord(JobSubmitted submitted) => (Id, Key, SpecHash, Spec) = (submitted.Job, submitted.Key, submitted.SpecHash, submitted.Spec);

    /// <summary>Its number.</summary>
    public JobId Id { get; }

    /// <summary>Of whoever submitted it.</summary>
    public string Key { get; }

    /// <summary>SHA-256 of the spec.</summary>
    public string SpecHash { get; }

    /// <summary>What to do.</summary>
    public JobSpec Spec { get; }

    /// <summary>Where it is.</summary>
    public JobState State { get; private set; }

    /// <summary>Why.</summary>
    public string Verdict { get; private set; } = "";

    /// <summary>Whether the state is final.</summary>
    public bool IsOver => IsFinal(State);

    /// <summary>Updates committed; goes back to the newest TrainingCheckpoint when the job goes on with another plan or leaves out data.</summary>
    public long StepsCommitted { get; private set; }

    /// <summary>Updates in the newest TrainingCheckpoint that was committed and not lost since; 0 for none.</summary>
    public long CheckpointCommitted { get; private set; }

    /// <summary>The last committed TrainingCheckpoints, as far as they were not lost, oldest first. Older ones of them may have been deleted.</summary>
    public IReadOnlyList<CheckpointRef> Checkpoints => _checkpoints;

    /// <summary>The data that it leaves out, in the order in which it was found that they must be.</summary>
    public IReadOnlyList<SkippedWindow> Windows => _windows;

    /// <summary>Its newest epoch; null before the first.</summary>
    public EpochIssued? LastEpoch { get; private set; }

    /// <summary>Epochs issued for it.</summary>
    public long Epochs { get; private set; }

    /// <summary>Those of them that replaced an epoch which failed: a rank lost, late or wrong. Counted when the next one is issued.</summary>
    public long Losses { get; private set; }

    /// <summary>Epochs in a row, the present one not among them, that committed nothing and failed by themselves.</summary>
    public int FruitlessEpochs { get; private set; }

    /// <summary>Whether the newest epoch has committed something.</summary>
    public bool IsFruitful { get; private set; }

    /// <summary>Whether an epoch that ended so has only itself to blame. A damaged TrainingCheckpoint is given up, and data are left out, so that the next epoch is another one.</summary>
    internal static bool IsBlame(EpochEnd end) => end is not (EpochEnd.None or EpochEnd.Operator or EpochEnd.NotAdopted or EpochEnd.CheckpointDamaged or EpochEnd.WindowSkipped or EpochEnd.Resized);

    /// <summary>Whether nothing follows a state.</summary>
    public static bool IsFinal(JobState state) => state >= JobState.Completed;

    /// <summary>The state after an update that was committed since the newest TrainingCheckpoint; null if it is not known.</summary>
    internal StateDigest? DigestAfter(long stepsDone) =>
        stepsDone >= _stepsFrom && stepsDone - _stepsFrom < _steps.Count ? _steps[(int)(stepsDone - _stepsFrom)].Digest : null;

    /// <summary>The updates whose states are remembered, oldest first.</summary>
    internal IReadOnlyList<StepCommitted> Remembered => _steps;

    /// <summary>Whether a control request was carried out before: a late copy of it must not undo what was asked since.</summary>
    internal bool HasSeen(string requestKey) => _requests.Contains(requestKey);

    internal void Apply(JobStateChanged changed)
    {
        (State, Verdict) = (changed.State, changed.Verdict);
        if (changed.RequestKey.Length > 0)
        {
            _requests.Add(changed.RequestKey);
            if (_requests.Count > MostRequests)
            {
                _requests.RemoveAt(0);
            }
        }
    }

    internal void Apply(EpochIssued issued)
    {
        if (LastEpoch is { } last && last.PlanHash != issued.PlanHash)
        {
            TakeBack(issued.RestoreFrom);
        }

        LastEpoch = issued;
        Epochs++;
        Losses += IsBlame(issued.Cause) ? 1 : 0;
        FruitlessEpochs += IsBlame(issued.Cause) && !IsFruitful ? 1 : 0;
        IsFruitful = false;
    }

    internal void Apply(StepCommitted committed)
    {
        StepsCommitted = committed.StepsDone;
        _stepsFrom = _steps.Count == 0 ? committed.StepsDone : _stepsFrom;
        FruitlessEpochs = 0;
        IsFruitful = true;
        _steps.Add(committed);
    }

    internal void Apply(CheckpointCommitted committed)
    {
        // The digest of the TrainingCheckpoint itself stays: what is restored is compared with it.
        CheckpointCommitted = committed.StepsDone;
        _checkpoints.Add(new(committed.StepsDone, committed.ManifestHash));
        if (_checkpoints.Count > MostCheckpoints)
        {
            _checkpoints.RemoveAt(0);
        }

        var forget = (int)Math.Min(Math.Max(committed.StepsDone - _stepsFrom, 0), _steps.Count);
        _steps.RemoveRange(0, forget);
        _stepsFrom += forget;
    }

    // What was committed stays so: with the same plan the same updates end in the same states, which is compared as far as their digests are remembered.
    internal void Apply(CheckpointLost lost)
    {
        CheckpointCommitted = lost.RestoreFrom;
        _checkpoints.RemoveAll(checkpoint => checkpoint.StepsDone > lost.RestoreFrom);
    }

    // Other data, other states.
    internal void Apply(WindowSkipped skipped)
    {
        _windows.Add(skipped.Window);
        TakeBack(skipped.Window.From);
    }

    internal void Apply(JobFolded folded) => (Epochs, StepsCommitted, Losses, FruitlessEpochs, IsFruitful) =
        (folded.Epochs, folded.StepsCommitted, folded.Losses, folded.FruitlessEpochs, folded.IsFruitful);

    // Another plan adds up in another order: its updates end in other last bits, so those that are in no TrainingCheckpoint will be done and committed anew.
    private void TakeBack(long toStepsDone)
    {
        StepsCommitted = Math.Min(StepsCommitted, toStepsDone);
        var keep = (int)Math.Clamp(toStepsDone - _stepsFrom + 1, 0, _steps.Count);
        _steps.RemoveRange(keep, _steps.Count - keep);
    }
}
