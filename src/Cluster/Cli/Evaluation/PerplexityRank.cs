using System.CommandLine;
using System.Text.Json;
using ActorRing.Cluster.Cli.Ranks;

namespace ActorRing.Cluster.Cli.Evaluation;

/// <summary>One rank process of <c>eval ppl</c>; the first one prints what all find.</summary>
internal static class PerplexityRank
{
    internal const string Name = "ppl-rank";
    internal const string WorkName = "--work";

    internal static Command Create()
    {
        var work = new Option<string>(WorkName);
        return RankPlace.CommandOf(Name, [work], (place, result) => Run(place, PerplexityWork.Read(result.GetValue(work)!)));
    }

    private static void Run(RankPlace place, PerplexityWork work)
    {
        using var meeting = new RankMeeting(place);
        work.Run(RankSeat.Of(place, meeting, work.Mode), row => Print(place, row), default);
    }

    private static void Print(RankPlace place, PerplexityRow row)
    {
        if (place.Rank.Index == 0)
        {
            Console.WriteLine(JsonSerializer.Serialize(row));
        }
    }
}
