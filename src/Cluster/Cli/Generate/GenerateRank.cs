using System.CommandLine;
using System.Globalization;
using ActorRing.Cluster.Cli.Ranks;

namespace ActorRing.Cluster.Cli.Generate;

/// <summary>One rank process of <c>generate</c>. The first one prints a line when the prompt is done, a line with each token, and how it ended.</summary>
internal static class GenerateRank
{
    internal const string Name = "generate-rank";
    internal const string WorkName = "--work";
    internal const string Prefilled = "prefilled";

    internal static Command Create()
    {
        var work = new Option<string>(WorkName);
        return RankPlace.CommandOf(Name, [work], (place, result) => Run(place, GenerateWork.Read(result.GetValue(work)!)));
    }

    private static void Run(RankPlace place, GenerateWork work)
    {
        using var meeting = new RankMeeting(place);
        var seat = RankSeat.Of(place, meeting, work.Mode);
        if (place.Rank.Index > 0)
        {
            work.Run(seat, onPrefilled: null, onToken: null, default);
            return;
        }

        var result = work.Run(seat, () => Console.WriteLine(Prefilled), token => Console.WriteLine(token.ToString(CultureInfo.InvariantCulture)), default);
        Console.WriteLine(result.End);
    }
}
