using System.CommandLine;
using System.Text.Json;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Compute.Evaluation.Needle;
using ActorRing.Compute.Inference;
using ActorRing.Compute.Model;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Evaluation;

/// <summary>One rank process of <c>eval needle</c>: its tokens of every sample. Rank 0 prints the cells.</summary>
internal static class NeedleRank
{
    internal const string Name = "needle-rank";
    internal const string TaskName = "--task";

    internal static Command Create()
    {
        var task = new Option<string>(TaskName);
        return RankPlace.CommandOf(Name, [task], (place, result) => Run(place, NeedleArguments.Of(result.GetValue(task)!)));
    }

    private static void Run(RankPlace place, NeedleArguments arguments)
    {
        using var device = NativeBackend.LoadCpu().Open(arguments.Threads);
        using var meeting = new RankMeeting(place);
        using var group = new CommunicatorGroup(device, meeting.All);
        PlannedAttention? attention = null;
        try
        {
            NeedleRun.Run(arguments, device, SeatOf, cell => Print(place, cell), CancellationToken.None);
        }
        finally
        {
            attention?.Dispose();
        }

        NeedleSeat SeatOf(ModelDims dims, int tokens)
        {
            attention?.Dispose();
            var plan = PromptPlan.Of(dims, ElementType.Float32, arguments.Mode, place.Ranks, tokens, sink: 0);
            var planned = attention = new PlannedAttention(device, plan, place.Rank, meeting.Links);
            return new NeedleSeat(ModelShare.PositionsOf(plan, place.Rank), planned, group, planned.Settle, RankSeat.Of(place, meeting, arguments.Mode));
        }
    }

    private static void Print(RankPlace place, NeedleCell cell)
    {
        if (place.Rank.Index == 0)
        {
            Console.WriteLine(JsonSerializer.Serialize(cell));
        }
    }
}
