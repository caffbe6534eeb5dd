using System.CommandLine;
using System.Globalization;
using ActorRing.Actors.Ids;

namespace ActorRing.Cluster.Cli.Ranks;

/// <summary>Which rank a rank process is, and where it meets the others.</summary>
/// <param name="Folder">Private to the user.</param>
/// <param name="Rank">Of this process.</param>
/// <param name="Ranks">How many there are.</param>
internal sealed record RankPlace(string Folder, SequenceRank Rank, int Ranks)
{
    /// <summary>The secret of the group, in the folder: arguments can be read by everybody.</summary>
    internal const string SecretFile = "secret";

    private static readonly Option<string> FolderOption = new("--folder");
    private static readonly Option<int> RankOption = new("--rank");
    private static readonly Option<int> RanksOption = new("--ranks");

    /// <summary>As a rank process gets it.</summary>
    internal string[] Arguments =>
        ["--folder", Folder, "--rank", Rank.Index.ToString(CultureInfo.InvariantCulture), "--ranks", Ranks.ToString(CultureInfo.InvariantCulture)];

    /// <summary>The command of a rank process; not for people.</summary>
    /// <param name="name">What <see cref="RankProcesses"/> is given first.</param>
    /// <param name="options">Its own, beside the place.</param>
    /// <param name="run">What the rank does.</param>
    internal static Command CommandOf(string name, IEnumerable<Option> options, Action<RankPlace, ParseResult> run)
    {
        var command = new Command(name) { FolderOption, RankOption, RanksOption };
        foreach (var option in options)
        {
            command.Add(option);
        }

        command.Hidden = true;
        command.SetAction(result => run(new RankPlace(result.GetValue(FolderOption)!, new SequenceRank(result.GetValue(RankOption)), result.GetValue(RanksOption)), result));
        return command;
    }
}
