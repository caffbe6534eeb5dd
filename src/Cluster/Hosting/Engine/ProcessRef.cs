using System.Globalization;

namespace ActorRing.Cluster.Hosting.Engine;

/// <summary>One process of this machine; its id alone may come to mean another one.</summary>
/// <param name="Id">Process id.</param>
/// <param name="StartTicks">When it started, in clock ticks since the machine did.</param>
public readonly record struct ProcessRef(int Id, long StartTicks)
{
    private const int StartField = 19; // of those after the name, which may hold anything

    /// <summary>The process that has an id now; null if none has.</summary>
    public static ProcessRef? Of(int id)
    {
        try
        {
            var line = File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/stat");
            var fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            return new ProcessRef(id, long.Parse(fields[StartField], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
    }
}
