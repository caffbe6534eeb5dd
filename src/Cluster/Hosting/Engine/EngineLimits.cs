namespace ActorRing.Cluster.Hosting.Engine;

/// <summary>What every engine keeps to.</summary>
public static class EngineLimits
{
    /// <summary>Largest frame, in bytes: 1 MiB. Tensors never travel in frames.</summary>
    public const int FrameBytes = 1 << 20;
}

/// <summary>The cluster turned this process away; the message is one line for the user.</summary>
public sealed class EngineRefusedException(string message) : Exception(message);

/// <summary>A frame above <see cref="EngineLimits.FrameBytes"/>.</summary>
public sealed class FrameTooLargeException(MemberRef to, int bytes)
    : ArgumentException($"frame of {bytes} bytes to {to}: at most {EngineLimits.FrameBytes} bytes are allowed")
{
    /// <summary>Throws if <paramref name="frame"/> is too large to be sent.</summary>
    public static void ThrowIfTooLarge(MemberRef to, ReadOnlyMemory<byte> frame)
    {
        if (frame.Length > EngineLimits.FrameBytes)
        {
            throw new FrameTooLargeException(to, frame.Length);
        }
    }
}
