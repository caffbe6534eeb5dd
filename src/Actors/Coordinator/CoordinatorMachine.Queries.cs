using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Coordinator;

/// <content>What people may ask. Nothing here changes anything, and nothing that is decided looks at what is kept for it.</content>
public sealed partial class CoordinatorMachine
{
    internal const int PageRows = 256;
    internal const int PagePaths = 1_024;
    private readonly Chronicle _chronicle = new();

    // Jobs that came in this coordinator's life, by number.
    private readonly SortedDictionary<long, Instant> _submittedAt = [];

    private Message? Answer(Message question, Instant now) => question switch
    {
        QueryJobs query => JobsPage(query, now),
        QueryRing query => RingPage(query, now),
        QueryMembers query => MembersPage(query, now),
        QueryHierarchy query => HierarchyPage(query),
        _ => null,
    };

    private void NoteLate(EpochRun epoch, (int Waiter, HopWait Hop, int Culprit) verdict, Instant now) => _chronicle.Add(Late(epoch, verdict), now);

    private static LateHop Late(EpochRun epoch, (int Waiter, HopWait Hop, int Culprit) verdict) =>
        new(epoch.Id, new(verdict.Waiter), verdict.Hop, new(verdict.Culprit), Brief.Name(epoch.Issued.Members[verdict.Culprit]), TimeSpan.Zero);

    private JobsAnswer JobsPage(QueryJobs query, Instant now)
    {
        var end = query.Before > 0 ? (int)Math.Min(query.Before - 1, _book.Jobs.Count) : _book.Jobs.Count;
        var statuses = ImmutableArray.CreateBuilder<JobStatus>();
        for (var at = Math.Max(0, end - PageRows); at < end; at++)
        {
            var job = _book.Jobs[at];
            statuses.Add(new(job.Id, Brief.Name(job.Spec.Name), job.State, Brief.Reason(job.Verdict), job.StepsCommitted, job.Spec.TrainSteps, job.CheckpointCommitted,
                job.Spec.Ranks, job.Spec.MinRanks, job.LastEpoch?.Members.Length ?? 0, job.LastEpoch?.Epoch ?? RingEpoch.None, job.Epochs, job.Losses,
                _submittedAt.TryGetValue(job.Id.Number, out var since) ? now - since : null, _failing?.Job == job.Id ? _failing.Status(now) : null));
        }

        return new(query.Key, _book.Jobs.Count, statuses.ToImmutable());
    }

    private RingAnswer RingPage(QueryRing query, Instant now)
    {
        var epoch = _epoch is { Phase: not EpochPhase.Issuing } ? _epoch : null;
        var total = epoch?.Ranks ?? 0;
        var from = Math.Clamp(query.From, 0, total);
        var ranks = ImmutableArray.CreateBuilder<RankStatus>();
        for (var rank = from; rank < Math.Min(total, from + PageRows); rank++)
        {
            ranks.Add(StatusOf(epoch!, rank));
        }

        var (lateHops, outcomes) = (_chronicle.LateHops(now), _chronicle.Outcomes(now));
        if (epoch is null)
        {
            return new(query.Key, RingEpoch.None, default, "", EpochPhase.None, TimeSpan.Zero, 0, from, total, ranks.ToImmutable(), null, lateHops, outcomes);
        }

        var late = epoch.Hops.Verdict() is { } verdict ? Late(epoch, verdict) with { Ago = now - epoch.Hops.Since!.Value } : null;
        return new(query.Key, epoch.Id, epoch.Job.Id, epoch.Plan.Plan.Mode.Spelling(), epoch.Phase, now - epoch.PhaseSince, epoch.Job.StepsCommitted, from, total,
            ranks.ToImmutable(), late, lateHops, outcomes);
    }

    private static RankStatus StatusOf(EpochRun epoch, int rank)
    {
        var hello = epoch.Members[rank]?.Hello is { } heard && heard.Promised == epoch.Id ? heard : null;
        var summary = epoch.Summaries[rank];
        var links = ImmutableArray.CreateBuilder<LinkStatus>();
        foreach (var tally in summary?.Hops ?? [])
        {
            links.Add(new(tally.Peer, tally.Channel, HopFigures.Of([tally])));
        }

        return new(new(rank), Brief.Name(epoch.Issued.Members[rank]), Brief.Name(epoch.Endpoints[rank] ?? ""), hello?.Phase ?? RankPhase.Idle, hello?.StepsDone ?? 0,
            epoch.Neighbours[rank].Next, epoch.Neighbours[rank].Previous, HopFigures.Of(summary is null ? [] : summary.Hops.AsSpan()), links.ToImmutable(),
            hello?.Waiting, summary?.Deadline ?? TimeSpan.Zero, epoch.Stragglers.WorkOf(rank), epoch.Stragglers.TimesOf(rank));
    }

    private MembersAnswer MembersPage(QueryMembers query, Instant now)
    {
        List<MemberRecord> rows = [.. _members.All];
        rows.Sort((one, other) => one.Id.CompareTo(other.Id));
        rows.AddRange(_members.Removed);
        var total = rows.Count + 1;
        var from = Math.Clamp(query.From, 0, total);
        var members = ImmutableArray.CreateBuilder<MemberStatus>();
        for (var at = from; at < Math.Min(total, from + PageRows); at++)
        {
            members.Add(at == 0 ? Own() : StatusOf(rows[at - 1], now));
        }

        return new(query.Key, Brief.Name(_options.Self), Term, now - _startedAt, from, total, members.ToImmutable());
    }

    private MemberStatus Own() => new(Brief.Name(_options.Self), MemberRole.Seed, MemberState.Up, false, new(-1), default, Epoch, RankPhase.Idle, 0, "", TimeSpan.Zero, "");

    private MemberStatus StatusOf(MemberRecord record, Instant now)
    {
        var state = record.IsGone ? MemberState.Removed
            : !record.IsUp ? MemberState.Down
            : record.Hello is null ? MemberState.Joining
            : !record.IsLeaving ? MemberState.Up
            : record.Rank < 0 ? MemberState.Exiting : MemberState.Leaving;
        var isUnreachable = record.IsUp && (record.DisconnectedAt is not null || !IsFresh(record, now));
        return new(Brief.Name(record.Id), record.IsReserve ? MemberRole.Reserve : MemberRole.Rank, state, isUnreachable, new(record.Rank), record.Rank < 0 || _epoch is null ? default : _epoch.Job.Id,
            record.Hello?.Promised ?? RingEpoch.None, record.Hello?.Phase ?? RankPhase.Idle, record.Hello?.StepsDone ?? 0, Brief.Name(record.Hello?.Fingerprint ?? ""),
            record.Hello is null ? null : now - record.HeardAt, Brief.Reason(record.IsUp ? record.Unfit : record.Reason));
    }

    private HierarchyAnswer HierarchyPage(QueryHierarchy query)
    {
        var all = Paths();
        all.Sort(string.CompareOrdinal);
        List<string> paths = [];
        foreach (var path in all)
        {
            // A restarted member and its last life have one path.
            if (IsWithin(path, query.Under.Trim('/'), query.Depth) && (paths.Count == 0 || paths[^1] != path))
            {
                paths.Add(path);
            }
        }

        var from = Math.Clamp(query.From, 0, paths.Count);
        return new(query.Key, from, paths.Count, [.. paths.GetRange(from, Math.Min(PagePaths, paths.Count - from))]);
    }

    private List<string> Paths()
    {
        List<string> paths = ["/system", "/system/log", "/system/members", "/user", "/user/coordinator", "/user/jobs"];
        foreach (var job in _book.Jobs)
        {
            if (!job.IsOver)
            {
                paths.Add(Text.Of($"/user/jobs/{job.Id}"));
            }
        }

        for (var rank = 0; _epoch is { Phase: not EpochPhase.Issuing, Job.IsOver: false } epoch && rank < epoch.Ranks; rank++)
        {
            paths.Add(Text.Of($"/user/jobs/{epoch.Job.Id}/rank-{rank}"));
            if (epoch.Members[rank]?.Hello is { Phase: >= RankPhase.Connecting } hello && hello.Promised == epoch.Id)
            {
                paths.Add(Text.Of($"/user/jobs/{epoch.Job.Id}/rank-{rank}/ring"));
            }
        }

        foreach (var record in _members.All)
        {
            if (record.IsUp)
            {
                paths.Add("/system/members/" + Brief.Name(record.Id.Name));
            }
        }

        return paths;
    }

    // Whether a path is the asked one, or at most so many levels below it.
    private static bool IsWithin(string path, string under, int depth)
    {
        var inside = path.AsSpan(1);
        if (under.Length > 0)
        {
            if (!inside.StartsWith(under.AsSpan()))
            {
                return false;
            }

            if (inside.Length == under.Length)
            {
                return true;
            }

            if (inside[under.Length] != '/')
            {
                return false;
            }

            inside = inside[(under.Length + 1)..];
        }

        var levels = 1;
        foreach (var character in inside)
        {
            levels += character == '/' ? 1 : 0;
        }

        return levels <= depth;
    }
}
