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
}
