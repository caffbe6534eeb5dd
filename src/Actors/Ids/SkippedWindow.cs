namespace ActorRing.Actors.Ids;

/// <summary>Data that a job leaves out: it went back to the state after <paramref name="From"/> updates, and goes on from there with what update <paramref name="To"/> + 1 would have learnt from.</summary>
/// <param name="From">Updates done where it begins.</param>
/// <param name="To">The last update whose data are left out.</param>
public readonly record struct SkippedWindow(long From, long To)
{
    /// <summary>Windows that a job may leave out: whatever needs more does not learn.</summary>
    public const int Most = 16;

    /// <summary>How many updates' data lie between those of an update and those that it would have had without any window.</summary>
    /// <param name="windows">All of a job, in the order in which they were skipped.</param>
    /// <param name="step">The update.</param>
    /// <param name="first">The first update of its stage: a window shifts the data of each stage that it touches by what it has in common with it.</param>
    /// <param name="end">The first update of the next stage.</param>
    public static long Before(IEnumerable<SkippedWindow> windows, TrainStep step, long first, long end)
    {
        ArgumentNullException.ThrowIfNull(windows);
        var skipped = 0L;
        foreach (var window in windows)
        {
            skipped += window.From <= step.Index ? Math.Max(0, Math.Min(window.To, end) - Math.Max(window.From, first)) : 0;
        }

        return skipped;
    }
}
