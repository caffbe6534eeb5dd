namespace ActorRing.Compute.Checkpoints;

/// <summary>Tells of long work on bytes while it goes on, so that a slow disk is not taken for a standstill. For one thread at a time.</summary>
/// <remarks>Told at least once for every <see cref="EveryBytes"/> and a piece of at most 4 MiB, however the bytes are cut.</remarks>
public sealed class ByteProgress
{
    /// <summary>Bytes from one telling to the next: a twelfth of a second of the slowest disk that anybody should train on (100 MB/s).</summary>
    public const long EveryBytes = 8 << 20;

    private readonly Action<long> _tell;
    private readonly long _everyBytes;
    private long _untold;

    /// <param name="tell">Told how many bytes were dealt with since it was told last; on the thread that does the work.</param>
    public ByteProgress(Action<long> tell)
        : this(tell, EveryBytes)
    {
    }

    internal ByteProgress(Action<long> tell, long everyBytes) => (_tell, _everyBytes) = (tell, everyBytes);

    /// <summary>Bytes were written, read or hashed.</summary>
    internal void Add(long bytes)
    {
        _untold += bytes;
        if (_untold >= _everyBytes)
        {
            _tell(_untold);
            _untold = 0;
        }
    }
}
