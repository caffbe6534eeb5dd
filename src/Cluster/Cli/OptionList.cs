using System.CommandLine;

namespace ActorRing.Cluster.Cli;

/// <summary>Lets options that belong together stand in a command's list as one.</summary>
internal static class OptionList
{
    internal static void Add(this Command command, IReadOnlyList<Option> options)
    {
        foreach (var option in options)
        {
            command.Add(option);
        }
    }
}
