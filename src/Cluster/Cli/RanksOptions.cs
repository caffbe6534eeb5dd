using System.CommandLine;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli;

/// <summary>Options of commands that may share a sequence between rank processes of this machine.</summary>
internal sealed class RanksOptions
{
    private readonly Option<int> _ranks = NumberOption.Of("--ranks", "Rank processes that share each sequence.", 1, 1, 32);
    private readonly Option<string> _mode = new("--mode") { Description = $"How they share it: {string.Join(", ", SharedModes.All)}.", DefaultValueFactory = _ => "zigzag" };
    private readonly Option<int> _threads = NumberOption.Threads(0, 0);

    /// <summary>Adds them to a command.</summary>
    internal void AddTo(Command command)
    {
        command.Add(_ranks);
        command.Add(_mode);
        command.Add(_threads);
    }

    /// <summary>One mode in its one spelling.</summary>
    /// <exception cref="UsageException">Several, or one whose ranks share no sequence.</exception>
    internal static string ModeOf(string text) =>
        SharedModes.Parse(text) is [var one] ? one : throw new UsageException($"--mode is '{text}', allowed: one of {string.Join(", ", SharedModes.All)}");

    /// <summary>Ranks, their mode, and threads of each.</summary>
    internal (int Ranks, string Mode, int Threads) Of(ParseResult result)
    {
        var ranks = result.GetValue(_ranks);
        var threads = result.GetValue(_threads);
        return (ranks, ModeOf(result.GetValue(_mode)!), threads > 0 ? threads : Math.Max(1, Environment.ProcessorCount / ranks));
    }
}
