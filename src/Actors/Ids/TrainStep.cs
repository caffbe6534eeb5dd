namespace ActorRing.Actors.Ids;

/// <summary>One optimiser update, counted from 0 over the whole job.</summary>
/// <param name="Index">0 for the first update.</param>
public readonly record struct TrainStep(long Index)
{
    /// <summary>The update after this one.</summary>
    public TrainStep Next() => new(Index + 1);
}
