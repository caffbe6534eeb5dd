namespace ActorRing.Native;

/// <summary>A bug or a device fault inside the native room; the process should not go on training.</summary>
public sealed class NativeException : Exception
{
    /// <summary>Creates the exception with the native room's own description.</summary>
    public NativeException(string message)
        : base(message)
    {
    }
}
