using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Messages;

/// <summary>Makes plans from specs. A pure function: the coordinator and every rank call it on their own and compare hashes.</summary>
public interface IPlanner
{
    /// <summary>The plan of a job on a number of ranks.</summary>
    /// <exception cref="PlanException">There is none; one line says why.</exception>
    PreparedPlan Plan(JobSpec spec, int ranks);
}
