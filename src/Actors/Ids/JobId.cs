namespace ActorRing.Actors.Ids;

/// <summary>A job, by its place in the coordinator's log.</summary>
/// <param name="Number">From 1 in order of submission; 0 for none.</param>
public readonly record struct JobId(long Number)
{
    /// <summary>Prints as <c>job-3</c>.</summary>
    public override string ToString() => Text.Of($"job-{Number}");
}
