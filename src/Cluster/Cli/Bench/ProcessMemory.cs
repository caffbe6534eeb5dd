using System.Globalization;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>Memory of a process as the kernel counts it.</summary>
internal static class ProcessMemory
{
    /// <summary>Resident bytes of this process now.</summary>
    internal static long ResidentBytes => ResidentBytesOf(Environment.ProcessId);

    /// <summary>The most that was ever resident of this process.</summary>
    internal static long PeakResidentBytes => FieldOf(Environment.ProcessId, "VmHWM:");

    /// <summary>Resident bytes of a process now.</summary>
    internal static long ResidentBytesOf(int process) => FieldOf(process, "VmRSS:");

    /// <summary>Bytes that a line of the process's status names; 0 if there is none.</summary>
    internal static long FieldOf(int process, string name)
    {
        var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status")).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : Kibibytes(line, name.Length);
    }

    /// <summary>Resident bytes by the name of what is mapped, the largest first.</summary>
    internal static IEnumerable<(string Name, long Bytes)> MappingsOf(int process)
    {
        var bytes = new Dictionary<string, long>(StringComparer.Ordinal);
        var name = "";
        foreach (var line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/smaps")))
        {
            if (line.StartsWith("Rss:", StringComparison.Ordinal))
            {
                bytes[name] = bytes.GetValueOrDefault(name) + Kibibytes(line, "Rss:".Length);
            }
            else if (char.IsAsciiHexDigitLower(line[0]) && line.Contains('-', StringComparison.Ordinal))
            {
                // Address, rights, offset, device, inode, and the name if it has one.
                name = Path.GetFileName(line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries) is [_, _, _, _, _, var path] ? path : "");
            }
        }

        return bytes.Select(one => (one.Key, one.Value)).OrderByDescending(one => one.Value);
    }

    private static long Kibibytes(string line, int from) => 1024 * long.Parse(line.AsSpan(from).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture);
}
