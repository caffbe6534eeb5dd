namespace ActorRing.Cluster.Embedded.Wire;

/// <summary>What the engine itself says on a connection; anything else ends it.</summary>
internal enum FrameKind : byte
{
    Challenge = 1,
    Hello = 2,
    Welcome = 3,
    Refused = 4,
    Beat = 5,
    View = 6,
    Frame = 7,
    Evicted = 8,
    Bye = 9,
}
