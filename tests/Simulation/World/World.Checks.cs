using System.Diagnostics.CodeAnalysis;
using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;

namespace ActorRing.Simulation;

/// <content>The rules, checked against the truth that only the simulator knows.</content>
internal sealed partial class World
{
    private const int NextCommitMilliseconds = 1_500;

    private readonly List<JobTruth> _jobs = [];
    private readonly HashSet<string> _keys = [];
    private readonly HashSet<MemberId> _fenced = [];
    private RingEpoch _lastIssued;
    private long _lastCommitAt;
    private long _lossAt = -1;

    private static void Demand([DoesNotReturnIf(false)] bool holds, string rule, string what)
    {
        if (!holds)
        {
            throw new Violation(rule + " " + what);
        }
    }

    private static void Demand([DoesNotReturnIf(false)] bool holds, string rule, [System.Runtime.CompilerServices.InterpolatedStringHandlerArgument("holds")] ref Why what)
    {
        if (!holds)
        {
            throw new Violation(rule + " " + what.ToString());
        }
    }

    private JobTruth JobOf(SimRing ring) => _jobs[(int)ring.Proposal.Job.Number - 1];

    private void CheckMember(SimMember member, MachineEvent input, long stepsBefore)
    {
        var machine = member.Machine;
        Demand(machine.Promised >= member.SeenPromise, "S2", $"{member.Id} goes back from epoch {member.SeenPromise} to {machine.Promised}");
        Demand(machine.Term >= member.SeenTerm, "S2", $"{member.Id} goes back from term {member.SeenTerm} to {machine.Term}");
        member.SeenPromise = machine.Promised;
        member.SeenTerm = machine.Term;
        Demand(machine.KeptReports <= SimSettings.RunAhead + 4, "S15", $"{member.Id} keeps {machine.KeptReports} reports");
        Demand(machine.KeptReplicas <= 4 * (SimSettings.RunAhead + 1), "S15", $"{member.Id} keeps {machine.KeptReplicas} parts in memory");
        if (input is TrainStepDone done)
        {
            if (done.Epoch == machine.Promised && member.Session is { } session)
            {
                session.Ring.DoneBy[session.Rank] = done.StepsDone;
            }
            else
            {
                Demand(_effects.Count == 0 && machine.StepsDone == stepsBefore, "S2", $"{member.Id} applies a result of epoch {done.Epoch} and has promised {machine.Promised}");
            }
        }
        else if (input is Received { Message: var message } && TermOf(message) is { } term && term < machine.Term)
        {
            Demand(_effects.Count == 1 && _effects[0] is Send { Message: StaleTerm }, "S18", $"{member.Id} obeys a coordinator of term {term} in term {machine.Term}");
        }
    }

    private static long? TermOf(Message message) => message switch
    {
        CoordinatorHello x => x.Term,
        ProposePlan x => x.Term,
        StartEpoch x => x.Term,
        EndEpoch x => x.Term,
        ReleaseMember x => x.Term,
        _ => null,
    };

    private void CheckCoordinator(SimCoordinator coordinator, MachineEvent input)
    {
        var heard = (input as Received)?.Message switch
        {
            StaleTerm stale => stale.Term,
            MemberHello hello => hello.Term,
            _ => 0,
        };
        Demand(heard <= coordinator.Term || (_effects.Count > 0 && _effects[_effects.Count - 1] is ExitProcess), "S18",
            $"the coordinator of term {coordinator.Term} hears of term {heard} and goes on");
        Demand(coordinator.Machine.WaitingRecords <= 64, "S15", $"{coordinator.Machine.WaitingRecords} records wait for the disk");
        Demand(coordinator.Machine.Members.Count <= 4 * _members.Length, "S15", $"{coordinator.Machine.Members.Count} members are known");
    }

    private void CheckSent(SimProcess from, Message message)
    {
        if (from is not SimCoordinator coordinator)
        {
            return;
        }

        switch (message)
        {
            case ProposePlan proposal:
                if (_rings.TryGetValue(proposal.Epoch, out var known))
                {
                    Demand(known.Issued.Coordinator == coordinator.Id && known.Proposal.Members.SequenceEqual(proposal.Members), "S1", $"epoch {proposal.Epoch} is issued twice");
                    break;
                }

                Demand(_lastIssued >= proposal.Epoch, "S14", $"epoch {proposal.Epoch} is proposed before it is on the disk");
                _rings[proposal.Epoch] = new(new(coordinator.Id, coordinator.Term), proposal);
                break;
            case StartEpoch start:
                CheckReplaced(_rings[start.Epoch]);
                break;
            case CoordinatorHello { Phase: not EpochPhase.None } hello when coordinator.Term == _storeTerm && _rings.TryGetValue(hello.Epoch, out var ring):
                Demand(hello.StepsCommitted <= Math.Max(JobOf(ring).StepsCommitted, ring.Proposal.RestoreFrom), "S14", $"update {hello.StepsCommitted} is announced before it is on the disk");
                break;
        }
    }

    // A lost proposal must be repeated long before forming is given up.
    private void CheckForming(RingEpoch epoch)
    {
        if (!_isHealed || Now < _end + 100 || !_rings.TryGetValue(epoch, out var ring))
        {
            return;
        }

        foreach (var member in ring.Proposal.Members)
        {
            Demand(Find(member) is not SimMember { IsAlive: true, PausedUntil: not SimProcess.Never, IsHung: false } rank || rank.Machine.Promised >= epoch, "L1",
                $"{member} has not heard of epoch {epoch} although all has been well for {Now - _end} ms");
        }
    }

    // Whoever had a rank and has none now must be unable to go on.
    private void CheckReplaced(SimRing next)
    {
        foreach (var ring in _rings.Values)
        {
            if (ring.Id >= next.Id || ring.Proposal.Job != next.Proposal.Job)
            {
                continue;
            }

            foreach (var member in ring.Proposal.Members)
            {
                if (Find(member) is SimMember { IsAlive: true, IsCutOff: false } old && !next.Proposal.Members.Contains(member))
                {
                    Demand(old.Machine.Promised != ring.Id || old.Machine.Phase == RankPhase.Idle, "S5", $"{member} still lives in epoch {ring.Id} when {next.Id} starts without it");
                }
            }
        }
    }

    private void CheckRecord(LogRecord record)
    {
        switch (record)
        {
            case JobSubmitted submitted:
                Demand(_keys.Add(submitted.Key), "S13", $"{submitted.Key} makes a second job");
                _jobs.Add(new() { Number = _jobs.Count + 1 });
                Demand(submitted.Job.Number == _jobs.Count, "S13", "a job number is used twice");
                break;
            case JobStateChanged changed:
                var job = _jobs[(int)changed.Job.Number - 1];
                Demand(!JobRecord.IsFinal(job.State), "S13", $"{changed.Job} was {job.State} and becomes {changed.State}");
                Demand(changed.State != JobState.Completed || (job.StepsCommitted == _faults.TrainSteps && job.CheckpointCommitted == _faults.TrainSteps), "S6", $"{changed.Job} is complete too early");
                job.State = changed.State;
                job.Verdict = changed.Verdict;
                job.ChangedAt = Now;
                break;
            case EpochIssued issued:
                Epochs++;
                Resizes += issued.Cause == EpochEnd.Resized ? 1 : 0;
                var its = _jobs[(int)issued.Job.Number - 1];
                its.Epochs++;
                Demand(issued.Epoch > _lastIssued && issued.Epoch.Number == _lastIssued.Number + 1, "S1", $"epoch {issued.Epoch} is issued after {_lastIssued}");
                Demand(!JobRecord.IsFinal(its.State), "S13", $"{issued.Job} is {its.State} and gets an epoch");
                Demand(issued.RestoreFrom >= its.CheckpointCommitted && issued.RestoreFrom <= its.StepsCommitted, "S8",
                    $"epoch {issued.Epoch} starts from update {issued.RestoreFrom}; {its.CheckpointCommitted} is safe and {its.StepsCommitted} are committed");
                Demand((_faults.Profile != Profile.OneLoss && Crashed != 1) || issued.RestoreFrom == its.StepsCommitted, "S8",
                    $"epoch {issued.Epoch} starts from update {issued.RestoreFrom} after one loss; {its.StepsCommitted} are committed");
                Demand(!(_isHealed && _faults.Hang == 0 && Now > _end + 800 && issued.Cause == EpochEnd.FormingTimeout), "L4", "an epoch is not formed in time although all is well");
                if (its.PlanHash is not null && its.PlanHash != issued.PlanHash)
                {
                    // A lineage of its own: what no TrainingCheckpoint holds is done anew.
                    its.StepsCommitted = Math.Min(its.StepsCommitted, issued.RestoreFrom);
                }

                its.PlanHash = issued.PlanHash;
                _lastIssued = issued.Epoch;
                break;
            case StepCommitted committed:
                CheckCommit(committed);
                break;
            case MemberFenced fenced:
                _fenced.Add(fenced.Member);
                break;
            case CheckpointCommitted committed:
                var of = _jobs[(int)committed.Job.Number - 1];
                Demand(_manifests.ContainsKey((committed.Job.Number, committed.StepsDone)) && committed.StepsDone <= of.StepsCommitted && committed.StepsDone > of.CheckpointCommitted,
                    "S9", $"a TrainingCheckpoint of update {committed.StepsDone} is committed with {of.StepsCommitted} updates committed");
                of.Checkpoints.Add(committed.StepsDone);
                of.MostCheckpoint = Math.Max(of.MostCheckpoint, committed.StepsDone);
                break;
            case WindowSkipped skipped:
                CheckWindow(skipped, _jobs[(int)skipped.Job.Number - 1]);
                break;
            case CheckpointLost lost:
                CheckLoss(lost, _jobs[(int)lost.Job.Number - 1]);
                break;
        }
    }

    // S9: what is committed and whole is never given up; S8: and the newest of that is what counts.
    private void CheckLoss(CheckpointLost lost, JobTruth job)
    {
        Demand(!JobRecord.IsFinal(job.State), "S13", $"{lost.Job} is {job.State} and loses a TrainingCheckpoint");
        Demand(lost.StepsDone == job.CheckpointCommitted && lost.RestoreFrom < lost.StepsDone, "S9", $"update {lost.StepsDone} is given up and {job.CheckpointCommitted} is the newest");
        foreach (var stepsDone in job.Checkpoints.Where(stepsDone => stepsDone > lost.RestoreFrom))
        {
            Demand(_damaged.Contains((job.Number, stepsDone)), "S9", $"the TrainingCheckpoint of update {stepsDone} is given up and is whole");
        }

        Demand(lost.RestoreFrom == 0 || (job.Checkpoints.Contains(lost.RestoreFrom) && !_setAside.Contains((job.Number, lost.RestoreFrom))), "S9",
            $"the job goes on from update {lost.RestoreFrom}, of which there is no TrainingCheckpoint");
        job.Checkpoints.RemoveWhere(stepsDone => stepsDone > lost.RestoreFrom);
        Lost++;
    }

    // S8: from what is safe, and no further back; S17: and only where nothing else can be done.
    private void CheckWindow(WindowSkipped skipped, JobTruth job)
    {
        var window = skipped.Window;
        Demand(!JobRecord.IsFinal(job.State), "S13", $"{skipped.Job} is {job.State} and leaves out data");
        Demand(skipped.Epoch == _lastIssued, "S5", $"epoch {skipped.Epoch} goes back after {_lastIssued} was issued");
        Demand(window.From == job.CheckpointCommitted && window.To > window.From, "S8", $"data are left out from update {window.From} to {window.To}; {job.CheckpointCommitted} is safe");
        Demand(IsBad(PlaceOf(window.To - 1, job.Windows)), "S17", $"the data of update {window.To} are left out and nothing is wrong with them");
        job.StepsCommitted = Math.Min(job.StepsCommitted, window.From);
        job.Windows.Add(window);
        Demand(job.Windows.Count <= SkippedWindow.Most, "S15", $"{skipped.Job} has left out data {job.Windows.Count} times");
        _lastCommitAt = Now;
        Windows++;
    }

    private void CheckCommit(StepCommitted committed)
    {
        var job = _jobs[(int)committed.Job.Number - 1];
        Demand(!JobRecord.IsFinal(job.State), "S13", $"{committed.Job} is {job.State} and commits");
        Demand(committed.StepsDone == job.StepsCommitted + 1, "S6", $"update {committed.StepsDone} is committed after {job.StepsCommitted}");
        Demand(committed.Epoch == _lastIssued, "S5", $"epoch {committed.Epoch} commits after {_lastIssued} was issued");
        Demand(committed.Digest.Value == Reference(committed.Job.Number, committed.StepsDone, job.Windows), "S6", $"update {committed.StepsDone} ends in another state than in an undisturbed run");
        var ring = _rings[committed.Epoch];
        for (var rank = 0; rank < ring.DoneBy.Length; rank++)
        {
            Demand(ring.DoneBy[rank] >= committed.StepsDone, "S3", $"update {committed.StepsDone} is committed without rank {rank}");
            Demand(ring.ReplicatedBy[rank] >= committed.StepsDone, "S7", $"update {committed.StepsDone} is committed before rank {rank} has replicated it");
        }

        Demand(!ring.NonFinite.Contains(committed.StepsDone), "S17", $"update {committed.StepsDone} is committed with a loss that is no number");
        job.StepsCommitted = committed.StepsDone;
        job.MostSteps = Math.Max(job.MostSteps, committed.StepsDone);
        _lastCommitAt = Now;
    }

    private void CheckProgress()
    {
        foreach (var job in _jobs)
        {
            if (job.State is JobState.Running && job.StepsCommitted < _faults.TrainSteps)
            {
                var since = Math.Max(Math.Max(_lastCommitAt, _end), job.ChangedAt);
                Demand(Now - since <= NextCommitMilliseconds, "L1", $"no commit for {Now - since} ms although all is well");
                LongestGap = Math.Max(LongestGap, Now - since);
            }
        }
    }

    internal long LongestGap { get; private set; }

    private void CheckAtTheEnd()
    {
        foreach (var coordinator in _coordinators)
        {
            Demand(!coordinator.IsAlive || coordinator.Term == _storeTerm, "L5", $"the coordinator of term {coordinator.Term} goes on in term {_storeTerm}");
        }

        foreach (var process in _members.Concat(_zombies))
        {
            Demand(process is not { IsAlive: true } || process.PausedUntil == SimProcess.Never || !_fenced.Contains(process.Id), "L5", $"{process?.Id} was given up and lives on");
        }

        switch (_faults.Profile)
        {
            case Profile.CoordinatorOnly:
                Demand(Kills == 0 && Epochs == _faults.Jobs, "L3", $"{Epochs} epochs and {Kills} lost ranks after nothing but restarts of the coordinator");
                break;
            case Profile.OneLoss:
                Demand(Epochs <= _faults.Jobs + _troubles, "L4", $"{Epochs} epochs after {_troubles} lost ranks");
                break;
            case Profile.SlowSpare:
                Demand(Epochs == _faults.Jobs, "L6", $"{Epochs} epochs although no rank was touched");
                break;
            case Profile.Poison:
                Demand(_jobs.TrueForAll(job => job.State == JobState.Failed && job.Verdict.Contains("committed nothing", StringComparison.Ordinal)), "L2",
                    $"a job that cannot go on is {_jobs[0].State}: {_jobs[0].Verdict}");
                break;
            case Profile.Elastic:
                Demand(_jobs.TrueForAll(job => job.State == JobState.Completed) && (_troubles == 0 || (Epochs, Resizes) == (_faults.IsBroken ? 4 : 3, 1)), "L7",
                    $"{Epochs} epochs, {Resizes} of them to be whole again, after a machine that was away for a while; the job is {_jobs[0].State}");
                break;
            case Profile.BadData when _faults.BadFrom < long.MaxValue:
                Demand(_jobs.TrueForAll(job => job.State == JobState.Failed && job.Verdict.Contains("windows of data", StringComparison.Ordinal)), "L2",
                    $"a job without any good data is {_jobs[0].State}: {_jobs[0].Verdict}");
                break;
            case Profile.BadData:
                Demand(Kills == 0 && _jobs.TrueForAll(job => job.State == JobState.Completed), "L2", $"a job with some bad data is {_jobs[0].State}: {_jobs[0].Verdict}");
                Demand(_jobs.TrueForAll(job => !_faults.BadPlaces.Any(place => place < _faults.TrainSteps) || job.Windows.Count > 0), "S17", "an update was made of data of which none can be made");
                break;
            case Profile.CutOffSeed:
                Demand(Kills == 0 && Epochs == _faults.Jobs, "L3", $"{Epochs} epochs and {Kills} lost ranks after nothing but a seed that nobody reached for a while");
                break;
            case Profile.OldLog:
                Demand(_newest is null && _jobs.TrueForAll(job => job.State == JobState.Completed), "L2", $"a job whose seed was started on an older log is {_jobs[0].State}: {_jobs[0].Verdict}");
                break;
            case Profile.Crashes:
                CheckCrashes();
                break;
            case Profile.OddMember:
                CheckOdd();
                break;
        }
    }

    private void CheckOdd()
    {
        foreach (var job in _jobs)
        {
            var isNamed = job.Verdict.Contains("head-size", StringComparison.Ordinal) || job.Verdict.Contains("library", StringComparison.Ordinal);
            Demand(job.State == JobState.Completed || (job.State == JobState.Failed && isNamed && job.StepsCommitted == 0), "S4",
                $"a job with an odd member is {job.State} after {job.StepsCommitted} updates: {job.Verdict}");
        }
    }

    /// <summary>A job as the disk has it.</summary>
    private sealed class JobTruth
    {
        internal long Number { get; init; }

        internal JobState State { get; set; }

        internal string Verdict { get; set; } = "";

        internal long StepsCommitted { get; set; }

        internal string? PlanHash { get; set; }

        internal List<SkippedWindow> Windows { get; } = [];

        internal SortedSet<long> Checkpoints { get; } = [];

        internal long CheckpointCommitted => Checkpoints.Count > 0 ? Checkpoints.Max : 0;

        /// <summary>The most that was ever true: a coordinator that another one has followed may know of nothing later.</summary>
        internal long MostSteps { get; set; }

        /// <summary>The same of TrainingCheckpoints.</summary>
        internal long MostCheckpoint { get; set; }

        internal int Epochs { get; set; }

        internal long ChangedAt { get; set; }
    }
}
