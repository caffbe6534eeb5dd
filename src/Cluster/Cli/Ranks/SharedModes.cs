using ActorRing.Actors.Plans;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Ranks;

/// <summary>The modes in which ranks share a sequence: all but data parallel.</summary>
internal static class SharedModes
{
    /// <summary>Data parallel.</summary>
    internal const string Replicas = "data_parallel";

    internal static IReadOnlyList<string> All { get; } = [.. SequenceModes.Spellings.Where(mode => mode != Replicas)];

    /// <summary>Modes by commas, in their one spelling.</summary>
    /// <exception cref="PlanException">No mode, by the nearest one.</exception>
    /// <exception cref="UsageException">Data parallel: its ranks have a sequence each.</exception>
    internal static IReadOnlyList<string> Parse(string text)
    {
        string[] modes = [.. text.Split(',').Select(mode => SequenceModes.Parse(mode).Spelling())];
        return modes.Contains(Replicas) ? throw new UsageException($"mode is '{Replicas}', whose ranks share no sequence; allowed: {string.Join(", ", All)}") : modes;
    }
}
