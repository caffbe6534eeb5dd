namespace ActorRing.Cluster.Cli.Bench;

/// <summary>Memory of this process as the kernel counts it.</summary>
internal static class ProcessMemory
{
    /// <summary>Resident bytes now.</summary>
    internal static long ResidentBytes => Field("VmRSS:");

    /// <summary>The most that was ever resident.</summary>
    internal static long PeakResidentBytes => Field("VmHWM:");

    private static long Field(string name)
    {
        foreach (var line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
            {
                return 1024 * long.Parse(line.AsSpan(name.Length).Trim().ToString().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }
}
