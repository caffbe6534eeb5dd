namespace ActorRing.Actors.Plans;

/// <summary>Which axis of a sequence group runs through neighbouring global ranks.</summary>
public enum MeshPlacement
{
    /// <summary>Head groups are neighbours, rings have stride hp: every rank's network interface serves a ring of its own.</summary>
    HeadFirst = 0,

    /// <summary>Rings are neighbours, head groups have stride cp.</summary>
    ContextFirst = 1,

    /// <summary>As <see cref="ContextFirst"/>, and the inner windows of a double ring take every second rank, so that its hops alternate between network
    /// interfaces.</summary>
    Interleaved = 2,
}
