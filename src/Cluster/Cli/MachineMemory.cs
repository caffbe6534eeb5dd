using System.Globalization;

namespace ActorRing.Cluster.Cli;

/// <summary>What this machine has, to hold a plan against before any memory is taken: the kernel would end the process without a word, perhaps hours later.</summary>
internal static class MachineMemory
{
    private const string GroupLimit = "/sys/fs/cgroup/memory.max";

    /// <summary>Bytes of the machine, or of the control group where that has fewer.</summary>
    // Buffers are shared memory, so that a control group counts them as it counts everything else.
    internal static long Bytes()
    {
        var total = File.ReadLines("/proc/meminfo").First(line => line.StartsWith("MemTotal:", StringComparison.Ordinal));
        var machine = long.Parse(total.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        var group = File.Exists(GroupLimit) ? File.ReadAllText(GroupLimit).Trim() : "max";
        return long.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? Math.Min(machine, limit) : machine;
    }

    /// <summary>Refuses what does not fit.</summary>
    /// <param name="what">For the message.</param>
    /// <param name="bytes">What it needs.</param>
    /// <param name="smaller">What to make smaller.</param>
    /// <exception cref="InsufficientMemoryException">The machine has less.</exception>
    internal static void Require(string what, long bytes, string smaller)
    {
        if (Bytes() is var available && bytes > available)
        {
            throw new InsufficientMemoryException($"{what}: {MemoryText.Size(bytes)} planned; allowed: up to {MemoryText.Size(available)}, what this machine has (smaller {smaller})");
        }
    }
}
