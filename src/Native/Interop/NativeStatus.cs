namespace ActorRing.Native;

/// <summary>Mirror of <c>ar_status</c>.</summary>
internal enum NativeStatus
{
    Ok = 0,
    InvalidArgument = 1,
    OutOfMemory = 2,
    Timeout = 3,
    Internal = 4,
    Unsupported = 5,
    PeerLost = 6,
    Aborted = 7,
    Mismatch = 8,
    Refused = 9,
    Damaged = 10,
}
