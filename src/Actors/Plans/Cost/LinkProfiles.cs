namespace ActorRing.Actors.Plans.Cost;

/// <summary>The links that the planner knows.</summary>
/// <remarks>
/// Rates of data sheets for one direction, times the share that transfers between processes commonly reach: 0.78 on NVLink (about 235 of 300 GB/s in
/// nccl-tests on an NVSwitch box), 0.8 on PCIe, 0.92 on InfiniBand, 0.9 on Ethernet. The shares are assumptions; <c>--bandwidth</c> replaces the product by a
/// measured one. Latencies are those of a small NCCL message: 10 microseconds inside a node, 20 between nodes.
/// </remarks>
public static class LinkProfiles
{
    private const double NvLinkShare = 0.78;

    /// <summary>NVLink 3, A100: 12 links, 600 GB/s both directions together.</summary>
    public static LinkProfile NvLink { get; } = new("nvlink", NvLinkShare * 300e9, 10e-6, 8, "NVIDIA A100 data sheet");

    /// <summary>NVLink 3 of the A800: 8 links, 400 GB/s both directions together.</summary>
    public static LinkProfile NvLinkA800 { get; } = new("nvlink-a800", NvLinkShare * 200e9, 10e-6, 8, "NVIDIA A800 data sheet");

    /// <summary>NVLink 4, H100 and H200: 18 links, 900 GB/s both directions together.</summary>
    public static LinkProfile NvLink4 { get; } = new("nvlink4", NvLinkShare * 450e9, 10e-6, 8, "NVIDIA H100 data sheet");

    /// <summary>PCIe 4.0 x16.</summary>
    public static LinkProfile Pcie4 { get; } = new("pcie4", 0.8 * 31.5e9, 10e-6, 8, "PCI Express 4.0");

    /// <summary>PCIe 5.0 x16.</summary>
    public static LinkProfile Pcie5 { get; } = new("pcie5", 0.8 * 63e9, 10e-6, 8, "PCI Express 5.0");

    /// <summary>InfiniBand HDR, one port a GPU.</summary>
    public static LinkProfile InfiniBand200 { get; } = new("ib-200", 0.92 * 25e9, 20e-6, 1, "InfiniBand HDR");

    /// <summary>InfiniBand NDR, one port a GPU.</summary>
    public static LinkProfile InfiniBand400 { get; } = new("ib-400", 0.92 * 50e9, 20e-6, 1, "InfiniBand NDR");

    /// <summary>100 Gbit Ethernet, one port a GPU.</summary>
    public static LinkProfile Ethernet100 { get; } = new("eth-100", 0.9 * 12.5e9, 30e-6, 1, "IEEE 802.3");

    /// <summary>Shared memory of one machine, copied once: 14 GB/s, as this project measured on two cores.</summary>
    public static LinkProfile Loopback { get; } = new("loopback", 14e9, 15e-6, 0, "measured by this project");

    /// <summary>All of them, in the order in which they are listed to people.</summary>
    public static IReadOnlyList<LinkProfile> All { get; } =
        new[] { NvLink, NvLinkA800, NvLink4, Pcie4, Pcie5, InfiniBand200, InfiniBand400, Ethernet100, Loopback };
}
