using ActorRing.Actors.Messages;
using ActorRing.Actors.Rank;

namespace ActorRing.Simulation;

/// <content>Crash points: before whatever happens, for every process that it can make a difference to, and between any two effects of a machine.</content>
internal sealed partial class World
{
    private readonly CrashPlan? _crashes;
    private bool _isOnlyCoordinator = true;

    /// <summary>Processes lost so far at points of the plan.</summary>
    internal int Crashed { get; private set; }

    // What the disk, the network and compute threads do is nobody's event: it may be the last thing that any process lives to see.
    private void CrashBefore(SimProcess? target)
    {
        if (target is not null)
        {
            CrashesHere(target, "before it takes what comes");
            return;
        }

        foreach (var member in _members)
        {
            if (member is not null)
            {
                CrashesHere(member, "meanwhile");
            }
        }

        if (Newest() is { } coordinator)
        {
            CrashesHere(coordinator, "meanwhile");
        }
    }

    private bool CrashesBetweenEffects(SimProcess process, int carried) => CrashesHere(process, carried == 0 ? "before it does anything of it" : "in the middle of it");

    private bool CrashesHere(SimProcess process, string where)
    {
        if (process is SimSubmitter || !process.IsAlive || !_crashes!.Pass())
        {
            return false;
        }

        Tell($"{process.Id} crashes {where}");
        Crashed++;
        _end = Now;
        if (process is SimMember member)
        {
            _isOnlyCoordinator = false;
            Lose(member, isExitSeen: true);
        }
        else
        {
            // An epoch that is still being formed is formed anew: nobody has anything to lose by it.
            _isOnlyCoordinator &= _members.Count(member => member is { Machine.Phase: RankPhase.Training }) == _faults.Ranks;
            LoseCoordinator((SimCoordinator)process);
        }

        return true;
    }

    private void CheckCrashes()
    {
        Demand(_jobs.TrueForAll(job => job.State == JobState.Completed), "L2", $"the job is {_jobs[0].State} after {Crashed} crashes: {_jobs[0].Verdict}");
        Demand(Epochs <= 1 + Crashed, "L4", $"{Epochs} epochs after {Crashed} crashes");
        Demand(!_isOnlyCoordinator || Epochs == 1, "L3", $"{Epochs} epochs after nothing but restarts of the coordinator while all ranks train");
    }
}
