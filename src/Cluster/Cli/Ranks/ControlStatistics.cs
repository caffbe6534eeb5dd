using System.Text.Json;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Member.Work;

namespace ActorRing.Cluster.Cli.Ranks;

/// <summary>What the control plane cost one process: a line on standard error when it ends, for <c>bench control</c>.</summary>
/// <param name="Steps">Updates made; 0 for the seed.</param>
/// <param name="StepSeconds">Time that they took.</param>
/// <param name="GrantWaitSeconds">The part of it spent waiting for grants.</param>
/// <param name="BusySeconds">Time that the host's loop was at work.</param>
/// <param name="Sent">Messages.</param>
internal sealed record ControlStatistics(long Steps, double StepSeconds, double GrantWaitSeconds, double BusySeconds, long Sent)
{
    /// <summary>Set in the environment of processes that shall say it.</summary>
    internal const string Variable = "ACTORRING_CONTROL_STATISTICS";

    private const string Mark = "control statistics ";

    internal static void PrintIfAsked(ControlFigures figures, JobWork? work)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not null)
        {
            Console.Error.WriteLine(Mark + JsonSerializer.Serialize(new ControlStatistics(
                work?.Steps ?? 0, work?.StepTime.TotalSeconds ?? 0, work?.GrantWaits.TotalSeconds ?? 0, figures.Busy.TotalSeconds, figures.Sent)));
        }
    }

    /// <summary>What such a line says; null for any other.</summary>
    internal static ControlStatistics? Read(string line) =>
        line.IndexOf(Mark, StringComparison.Ordinal) is >= 0 and var at ? JsonSerializer.Deserialize<ControlStatistics>(line.AsSpan(at + Mark.Length)) : null;
}
