using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>Who attends which block when, and what must move for it: one implementation per kind of schedule.</summary>
internal interface IBlockSchedule
{
    /// <summary>Steps with calls; what comes home is merged in a step after the last of them.</summary>
    int StepCount { get; }

    /// <summary>Adds what a ring rank does in one pass, steps ascending.</summary>
    void AddSteps(RingRank rank, SchedulePass pass, Wire wire, StepList steps);
}
