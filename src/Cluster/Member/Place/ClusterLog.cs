using System.Globalization;

namespace ActorRing.Cluster.Member.Place;

/// <summary>What seed and members say of themselves, a line each, on standard error.</summary>
internal static class ClusterLog
{
    internal static void Write(string text) => Console.Error.WriteLine($"{DateTime.Now.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)} {text}");
}
