namespace ActorRing.Actors.Plans;

/// <summary>Neighbouring heads.</summary>
/// <param name="First">The first of them.</param>
/// <param name="Count">How many.</param>
public readonly record struct HeadSpan(int First, int Count)
{
    /// <summary>The head after the last.</summary>
    public int End => First + Count;
}
