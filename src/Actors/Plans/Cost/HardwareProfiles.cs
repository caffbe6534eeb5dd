namespace ActorRing.Actors.Plans.Cost;

/// <summary>The GPUs that the planner knows. Constants are public figures of parts and kernels, none of a training run.</summary>
/// <remarks>
/// <para>
/// Peaks, memory and bandwidths: NVIDIA's data sheets of A100 (40 and 80 GB SXM), A800, H100 SXM, H200 SXM, L20, GeForce RTX 4090; memory in MiB as
/// nvidia-smi shows it.
/// </para>
/// <para>
/// Matrix products: "maximum achievable matmul FLOPS" of stas00/ml-engineering: A100 SXM 271.2 of 312, H100 SXM 794.5 of 989 (the H200 the same).
/// </para>
/// <para>
/// Attention, A100 and Hopper: the single-GPU column of zhuzilin/ring-flash-attention's table (FlashAttention-2, 8192 tokens, 32 heads of 128, causal): A100
/// 373.4 iterations/s forward and 94.7 forward and backward, H800 591.5 and 154.7; see <see cref="FlashFraction"/>. Ada: apache/tvm's table of FlashAttention
/// on an RTX 4090, causal, head size 128: 151 forward and 99 TFLOP/s backward.
/// </para>
/// <para>
/// Hosts: DGX A100 and DGX H100 (two sockets, two GPUs behind each PCIe switch uplink, 2 TB; the 40 GB model 1 TB); for L20 and RTX 4090 a two-socket server
/// with 1 TB, one link each.
/// </para>
/// </remarks>
public static class HardwareProfiles
{
    private const long MiB = 1L << 20;
    private const long TiB = 1L << 40;

    // PCIe x16: 31.5 and 63 GB/s by the standard, about 25 and 50 for pinned copies.
    private const double Pcie4 = 25e9;
    private const double Pcie5 = 50e9;

    // Eight channels of DDR4-3200 and of DDR5-4800 on each of two sockets.
    private const double Ddr4Host = 409.6e9;
    private const double Ddr5Host = 614.4e9;

    private const double A100Matmul = 271.2 / 312;
    private const double HopperMatmul = 794.5 / 989;

    /// <summary>40 GB, SXM.</summary>
    public static HardwareProfile A100With40 { get; } = Ampere("a100-40g", 40960 * MiB, 1555e9, TiB);

    /// <summary>80 GB, SXM.</summary>
    public static HardwareProfile A100With80 { get; } = Ampere("a100-80g", 81920 * MiB, 2039e9, 2 * TiB);

    /// <summary>The A100 with slower NVLink; the link is <see cref="LinkProfiles.NvLinkA800"/>.</summary>
    public static HardwareProfile A800With80 { get; } = Ampere("a800-80g", 81920 * MiB, 2039e9, 2 * TiB);

    /// <summary>80 GB, SXM.</summary>
    public static HardwareProfile H100With80 { get; } = Hopper("h100-80g", 81559 * MiB, 3350e9);

    /// <summary>141 GB, SXM.</summary>
    public static HardwareProfile H200With141 { get; } = Hopper("h200-141g", 143771 * MiB, 4800e9);

    /// <summary>48 GB, PCIe, no NVLink. No public table of products: the A100's share is assumed.</summary>
    public static HardwareProfile L20 { get; } = Ada("l20", 46068 * MiB, 119.5e12, 59.8e12, 864e9);

    /// <summary>24 GB, PCIe, no NVLink. No public table of products: the A100's share is assumed.</summary>
    public static HardwareProfile Rtx4090 { get; } = Ada("rtx4090", 24564 * MiB, 165.2e12, 82.6e12, 1008e9);

    /// <summary>
    /// A processor that the caller has measured: peak and memory are 0 here and must be replaced. Shares as this project's own kernels reach them (README,
    /// "Measured").
    /// </summary>
    public static HardwareProfile Cpu { get; } = new("cpu", 0, 0, 0, 0.8, 0.72, 0.72, 50e9, 20e9, 1, 1, TiB, 50e9,
        "peak and memory as given; shares measured by this project");

    /// <summary>All of them, in the order in which they are listed to people.</summary>
    public static IReadOnlyList<HardwareProfile> All { get; } = new[] { A100With40, A100With80, A800With80, H100With80, H200With141, L20, Rtx4090, Cpu };

    /// <summary>Share of a peak that attention reaches, from the iterations/s of a published kernel benchmark.</summary>
    /// <param name="flops">FLOPs of one forward call; backward does 2.5 times as many.</param>
    /// <param name="forwardPerSecond">Forward calls a second.</param>
    /// <param name="bothPerSecond">Forward and backward calls a second.</param>
    /// <param name="backward">Which share is wanted.</param>
    /// <param name="peak">FLOP/s.</param>
    public static double FlashFraction(double flops, double forwardPerSecond, double bothPerSecond, bool backward, double peak) =>
        backward ? 2.5 * flops / ((1 / bothPerSecond) - (1 / forwardPerSecond)) / peak : flops * forwardPerSecond / peak;

    /// <summary>FLOPs of one call in ring-flash-attention's benchmark: 8192 tokens, 32 heads of 128, causal counted half.</summary>
    public const double FlashBenchmarkFlops = 2.0 * 8192 * 8192 * 4096;

    private static HardwareProfile Ampere(string name, long memory, double bandwidth, long host) => new(
        name, memory, 312e12, 19.5e12, A100Matmul,
        FlashFraction(FlashBenchmarkFlops, 373.4, 94.7, backward: false, 312e12), FlashFraction(FlashBenchmarkFlops, 373.4, 94.7, backward: true, 312e12),
        bandwidth, Pcie4, 2, 8, host, Ddr4Host, "NVIDIA A100 data sheet; ml-engineering; ring-flash-attention");

    private static HardwareProfile Hopper(string name, long memory, double bandwidth) => new(
        name, memory, 989.4e12, 67e12, HopperMatmul,
        FlashFraction(FlashBenchmarkFlops, 591.5, 154.7, backward: false, 989.4e12), FlashFraction(FlashBenchmarkFlops, 591.5, 154.7, backward: true, 989.4e12),
        bandwidth, Pcie5, 2, 8, 2 * TiB, Ddr5Host, "NVIDIA H100/H200 data sheets; ml-engineering; ring-flash-attention (FlashAttention-2)");

    private static HardwareProfile Ada(string name, long memory, double peak, double single, double bandwidth) => new(
        name, memory, peak, single, A100Matmul, 151.19 / 165.2, 99.23 / 165.2, bandwidth, Pcie4, 1, 8, TiB, Ddr4Host,
        "NVIDIA data sheet; apache/tvm flash_perf");
}
