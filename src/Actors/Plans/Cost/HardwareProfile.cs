namespace ActorRing.Actors.Plans.Cost;

/// <summary>One kind of GPU in the box that it usually sits in: what it could do by its data sheet, and the share of that which public kernels reach.</summary>
/// <param name="Name">As <c>--gpu</c> spells it.</param>
/// <param name="MemoryBytes">Memory as the driver reports it.</param>
/// <param name="PeakFlops">Dense bfloat16 FLOP/s with float32 accumulation, from the data sheet.</param>
/// <param name="Float32Flops">Float32 FLOP/s without tensor cores, from the data sheet.</param>
/// <param name="MatmulFraction">Share of the peak that large matrix products reach.</param>
/// <param name="AttentionForwardFraction">Share of the peak that causal block attention reaches forward, masked pairs not counted.</param>
/// <param name="AttentionBackwardFraction">The same backward, with its five products.</param>
/// <param name="MemoryBytesPerSecond">Memory bandwidth, from the data sheet.</param>
/// <param name="HostLinkBytesPerSecond">Achieved bytes/s of one link to the host, one direction, pinned memory.</param>
/// <param name="GpusPerHostLink">GPUs that share that link.</param>
/// <param name="GpusPerHost">GPUs that share the host's memory and its bandwidth.</param>
/// <param name="HostMemoryBytes">Memory of the host.</param>
/// <param name="HostBytesPerSecond">Bandwidth of that memory, from the data sheet.</param>
/// <param name="Source">Where the numbers come from.</param>
public sealed record HardwareProfile(
    string Name,
    long MemoryBytes,
    double PeakFlops,
    double Float32Flops,
    double MatmulFraction,
    double AttentionForwardFraction,
    double AttentionBackwardFraction,
    double MemoryBytesPerSecond,
    double HostLinkBytesPerSecond,
    int GpusPerHostLink,
    int GpusPerHost,
    long HostMemoryBytes,
    double HostBytesPerSecond,
    string Source)
{
    /// <summary>
    /// Share of the data sheet's memory bandwidth that streaming kernels reach, on the GPU and on the host: 0.85, as STREAM-like benchmarks commonly report.
    /// </summary>
    public const double StreamFraction = 0.85;

    /// <summary>
    /// Bytes/s that one host thread streams through an optimiser update: 20 GB/s, a copy by one core of a server processor (this project measured 20 to 27 on
    /// two of them).
    /// </summary>
    public const double HostThreadBytesPerSecond = 20e9;

    /// <summary>
    /// Share of the speed of kernel benchmarks that whole training runs sustain: launches, clocks under lasting load, stragglers, allocator stalls, overlap
    /// that is not perfect. 0.73: the geometric mean of published over predicted tokens/s in the runs of <see cref="PublishedRuns"/> that are known at first
    /// hand and that the planner is not held to. EasyContext's five rows, which it is held to, took no part.
    /// </summary>
    public const double SustainedFraction = 0.73;

    /// <summary>Memory that is gone before the first tensor: driver context, communicators, the allocator's rounding. 1.5 GiB, an assumption.</summary>
    public const long ReservedBytes = 3L << 29;

    /// <summary>What plans may use of <see cref="MemoryBytes"/>.</summary>
    public long UsableBytes => Math.Max(0, MemoryBytes - ReservedBytes);

    /// <summary>One GPU's share of the host's memory, a tenth of it left to the system.</summary>
    public long HostShareBytes => (long)(0.9 * HostMemoryBytes / GpusPerHost);

    /// <summary>Bytes/s that streaming kernels reach in the GPU's memory.</summary>
    public double StreamBytesPerSecond => StreamFraction * MemoryBytesPerSecond;

    /// <summary>Bytes/s to the host that one GPU gets while all of them copy.</summary>
    public double HostLinkShare => HostLinkBytesPerSecond / GpusPerHostLink;

    /// <summary>Peak of products in a type of <paramref name="elementBytes"/> bytes.</summary>
    public double PeakOf(int elementBytes) => elementBytes == 2 ? PeakFlops : Float32Flops;
}
