namespace ActorRing.Actors.Messages.Wire;

/// <summary>Checked before anything is allocated.</summary>
public static class WireLimits
{
    /// <summary>Of a frame: 1 MiB.</summary>
    public const int FrameBytes = 1 << 20;

    /// <summary>Of a string in UTF-8: 64 KiB.</summary>
    public const int StringBytes = 1 << 16;

    /// <summary>Of a run of bytes: 256 KiB.</summary>
    public const int BlobBytes = 1 << 18;

    /// <summary>Entries of a list.</summary>
    public const int Entries = 10_000;

    /// <summary>Version of all messages; a frame of another one is refused.</summary>
    public const byte Version = 6;

    /// <summary>Version of all log records: logs outlive the programs that wrote them, so it rises for itself.</summary>
    public const byte LogVersion = 1;

    // Depth needs no limit at run time: no type contains itself, and the deepest (a frame, a ring, a rank, its links, their figures) has five levels.
}
