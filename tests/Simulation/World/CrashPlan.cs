namespace ActorRing.Simulation;

/// <summary>Which crash points of a run to crash at. Points are numbered from 0 in the order in which a run passes them; the run up to a crash is the same with it and without.</summary>
/// <param name="spares">Members beyond the three ranks.</param>
/// <param name="points">Ascending; none to count them.</param>
internal sealed class CrashPlan(int spares, params long[] points)
{
    private int _next;

    internal int Spares => spares;

    /// <summary>Points passed so far.</summary>
    internal long Passed { get; private set; }

    /// <summary>Passes a point.</summary>
    /// <returns>Whether to crash there.</returns>
    internal bool Pass()
    {
        var isHere = _next < points.Length && points[_next] == Passed;
        Passed++;
        _next += isHere ? 1 : 0;
        return isHere;
    }
}
