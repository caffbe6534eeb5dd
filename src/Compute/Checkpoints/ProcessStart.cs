using System.Globalization;

namespace ActorRing.Compute.Checkpoints;

/// <summary>When processes of this machine started: together with its id that names one process, for ids come back.</summary>
internal static class ProcessStart
{
    private const int Field = 19; // of those after the command's name in /proc/PID/stat

    /// <summary>In clock ticks since the machine's start; null if there is no such process.</summary>
    internal static long? TicksOf(int processId)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));

            // The command's name stands in brackets and may hold spaces and brackets itself.
            return long.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[Field], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
