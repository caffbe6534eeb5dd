using ActorRing.Compute.Inference;

namespace ActorRing.Cluster.Cli.Ranks;

/// <summary>The seat of a rank process that runs a model forward with others.</summary>
internal static class RankSeat
{
    /// <summary>Meets nobody anew: the links are the meeting's.</summary>
    internal static InferenceSeat Of(RankPlace place, RankMeeting meeting, string mode) => new(mode, place.Rank, place.Ranks, meeting.Links, meeting.All);
}
