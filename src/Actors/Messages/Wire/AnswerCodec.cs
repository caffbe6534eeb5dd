using System.Collections.Immutable;
using ActorRing.Actors.Hops;

namespace ActorRing.Actors.Messages.Wire;

/// <summary>Answers to people's questions as bytes, by the rules of <see cref="MessageCodec"/>.</summary>
internal static class AnswerCodec
{
    private const int LeastJobBytes = 87;
    private const int LeastMemberBytes = 61;
    private const int LeastRankBytes = 114;
    private const int LinkBytes = 56;
    private const int LeastLateBytes = 77;
    private const int LeastOutcomeBytes = 45;

    internal static void Write(WireWriter w, JobsAnswer m)
    {
        w.String(m.Key); w.I32(m.Total); w.Count(m.Jobs.Length);
        foreach (var x in m.Jobs)
        {
            w.I64(x.Job.Number); w.String(x.Name); w.U8((byte)x.State); w.String(x.Verdict); w.I64(x.StepsCommitted); w.I64(x.TrainSteps); w.I64(x.CheckpointCommitted);
            w.I32(x.Ranks); w.I32(x.MinRanks); w.I32(x.EpochRanks); w.Epoch(x.Epoch); w.I64(x.Epochs); w.I64(x.Losses); Maybe(w, x.Submitted); Maybe(w, x.Degraded);
        }
    }

    internal static JobsAnswer Jobs(ref WireReader r)
    {
        var (key, total) = (r.String(), r.I32());
        var jobs = ImmutableArray.CreateBuilder<JobStatus>(r.Count(LeastJobBytes));
        while (jobs.Count < jobs.Capacity && r.Error == WireError.None)
        {
            jobs.Add(new(new(r.I64()), r.String(), (JobState)r.U8((byte)JobState.Cancelled), r.String(), r.I64(), r.I64(), r.I64(), r.I32(), r.I32(), r.I32(), r.Epoch(),
                r.Natural(), r.Natural(), Maybe(ref r), Degraded(ref r)));
        }

        return new(key, total, jobs.ToImmutable());
    }

    internal static void Write(WireWriter w, MembersAnswer m)
    {
        w.String(m.Key); w.Member(m.Leader); w.I64(m.Term); w.Time(m.Up); w.I32(m.From); w.I32(m.Total); w.Count(m.Members.Length);
        foreach (var x in m.Members)
        {
            w.Member(x.Member); w.U8((byte)x.Role); w.U8((byte)x.State); w.Flag(x.IsUnreachable); w.I32(x.Rank.Index); w.I64(x.Job.Number); w.Epoch(x.Promised);
            w.U8((byte)x.Phase); w.I64(x.StepsDone); w.String(x.Fingerprint); Maybe(w, x.Heard); w.String(x.Reason);
        }
    }

    internal static MembersAnswer Members(ref WireReader r)
    {
        var (key, leader, term) = (r.String(), r.Member(), r.I64());
        var (up, from, total) = (r.Time(), r.I32(), r.I32());
        var members = ImmutableArray.CreateBuilder<MemberStatus>(r.Count(LeastMemberBytes));
        while (members.Count < members.Capacity && r.Error == WireError.None)
        {
            members.Add(new(r.Member(), (MemberRole)r.U8((byte)MemberRole.Reserve), (MemberState)r.U8((byte)MemberState.Removed), r.Flag(), new(r.I32()), new(r.I64()),
                r.Epoch(), (RankPhase)r.U8((byte)RankPhase.Failed), r.I64(), r.String(), Maybe(ref r), r.String()));
        }

        return new(key, leader, term, up, from, total, members.ToImmutable());
    }

    internal static void Write(WireWriter w, HierarchyAnswer m)
    {
        w.String(m.Key); w.I32(m.From); w.I32(m.Total); w.Count(m.Paths.Length);
        foreach (var path in m.Paths)
        {
            w.String(path);
        }
    }

    internal static HierarchyAnswer Hierarchy(ref WireReader r) => new(r.String(), r.I32(), r.I32(), MessageCodec.Strings(ref r));

    internal static void Write(WireWriter w, RingAnswer m)
    {
        w.String(m.Key); w.Epoch(m.Epoch); w.I64(m.Job.Number); w.String(m.Mode); w.U8((byte)m.Phase); w.Time(m.PhaseFor); w.I64(m.StepsCommitted); w.I32(m.From);
        w.I32(m.Total); w.Count(m.Ranks.Length);
        foreach (var rank in m.Ranks)
        {
            Write(w, rank);
        }

        w.Flag(m.Late is not null);
        if (m.Late is not null)
        {
            Write(w, m.Late);
        }

        w.Count(m.LateHops.Length);
        foreach (var late in m.LateHops)
        {
            Write(w, late);
        }

        w.Count(m.Outcomes.Length);
        foreach (var x in m.Outcomes)
        {
            w.I64(x.Job.Number); w.Epoch(x.Epoch); w.U8((byte)x.Cause); w.String(x.Reason); w.I64(x.StepsCommitted); w.Time(x.Ago);
        }
    }

    internal static RingAnswer Ring(ref WireReader r) => new(r.String(), r.Epoch(), new(r.I64()), r.String(), (EpochPhase)r.U8((byte)EpochPhase.Training), r.Time(), r.I64(),
        r.I32(), r.I32(), Ranks(ref r), r.Flag() ? Late(ref r) : null, LateHops(ref r), Outcomes(ref r));

    private static void Write(WireWriter w, RankStatus x)
    {
        w.I32(x.Rank.Index); w.Member(x.Member); w.String(x.Endpoint); w.U8((byte)x.Phase); w.I64(x.StepsDone); w.I32(x.SendsTo.Index); w.I32(x.ReceivesFrom.Index);
        HopCodec.Write(w, x.Hops); w.Count(x.Links.Length);
        foreach (var link in x.Links)
        {
            w.I32(link.Peer.Index); w.I32(link.Channel); HopCodec.Write(w, link.Figures);
        }

        HopCodec.Maybe(w, x.Waiting); w.Time(x.Deadline); w.Time(x.Work); w.F64(x.Slow);
    }

    private static ImmutableArray<RankStatus> Ranks(ref WireReader r)
    {
        var ranks = ImmutableArray.CreateBuilder<RankStatus>(r.Count(LeastRankBytes));
        while (ranks.Count < ranks.Capacity && r.Error == WireError.None)
        {
            ranks.Add(new(new(r.I32()), r.Member(), r.String(), (RankPhase)r.U8((byte)RankPhase.Failed), r.I64(), new(r.I32()), new(r.I32()), HopCodec.Figures(ref r),
                Links(ref r), r.Flag() ? HopCodec.Wait(ref r) : null, r.Duration(), r.Duration(), r.F64()));
        }

        return ranks.ToImmutable();
    }

    private static ImmutableArray<LinkStatus> Links(ref WireReader r)
    {
        var links = ImmutableArray.CreateBuilder<LinkStatus>(r.Count(LinkBytes, HopTallies.MostRows));
        while (links.Count < links.Capacity && r.Error == WireError.None)
        {
            links.Add(new(new(r.I32()), r.I32(), HopCodec.Figures(ref r)));
        }

        return links.ToImmutable();
    }

    private static void Write(WireWriter w, LateHop x)
    {
        w.Epoch(x.Epoch); w.I32(x.Waiter.Index); HopCodec.Write(w, x.Hop); w.I32(x.Culprit.Index); w.Member(x.Member); w.Time(x.Ago);
    }

    private static LateHop Late(ref WireReader r) => new(r.Epoch(), new(r.I32()), HopCodec.Wait(ref r), new(r.I32()), r.Member(), r.Time());

    private static ImmutableArray<LateHop> LateHops(ref WireReader r)
    {
        var hops = ImmutableArray.CreateBuilder<LateHop>(r.Count(LeastLateBytes));
        while (hops.Count < hops.Capacity && r.Error == WireError.None)
        {
            hops.Add(Late(ref r));
        }

        return hops.ToImmutable();
    }

    private static ImmutableArray<EpochOutcome> Outcomes(ref WireReader r)
    {
        var outcomes = ImmutableArray.CreateBuilder<EpochOutcome>(r.Count(LeastOutcomeBytes));
        while (outcomes.Count < outcomes.Capacity && r.Error == WireError.None)
        {
            outcomes.Add(new(new(r.I64()), r.Epoch(), (EpochEnd)r.U8((byte)EpochEnd.Resized), r.String(), r.I64(), r.Time()));
        }

        return outcomes.ToImmutable();
    }

    private static void Maybe(WireWriter w, DegradedDurability? x)
    {
        w.Flag(x is not null);
        if (x is not null)
        {
            w.I64(x.Since); w.Time(x.For); w.I64(x.Failures); w.String(x.Cause);
        }
    }

    private static DegradedDurability? Degraded(ref WireReader r) => r.Flag() ? new(r.Natural(), r.Time(), r.Natural(), r.String()) : null;

    private static void Maybe(WireWriter w, TimeSpan? time)
    {
        w.Flag(time is not null);
        if (time is { } present)
        {
            w.Time(present);
        }
    }

    private static TimeSpan? Maybe(ref WireReader r) => r.Flag() ? r.Time() : null;
}
