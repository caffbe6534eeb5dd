using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>Who attends which keys when, and every transfer that this takes: a pure function of plan and pattern, the same on every rank.</summary>
/// <remarks>
/// Each visible (query, key) pair is in exactly one call. Nothing moves that nobody sees. Cost of building where blocks rotate: O(P² log
/// documents) for P ring ranks, milliseconds at P = 64 and a thousand documents, so layers with the same window should share one. Views and totals are computed
/// when asked for and not kept; a list of all transfers costs P views.
/// </remarks>
public sealed class AttentionSchedule
{
    private readonly IBlockSchedule _blocks;
    private readonly HeadShares _shares;
    private readonly TokenLayout _layout;

    private AttentionSchedule(SequenceParallelPlan plan, AttentionPattern pattern, TokenLayout layout, IBlockSchedule blocks)
    {
        Plan = plan;
        Pattern = pattern;
        _layout = layout;
        _blocks = blocks;
        _shares = plan.HeadShares();
    }

    /// <summary>The plan that it follows.</summary>
    public SequenceParallelPlan Plan { get; }

    /// <summary>What queries see.</summary>
    public AttentionPattern Pattern { get; }

    /// <summary>Tokens of every ring rank.</summary>
    public TokenLayout RingLayout => _layout;

    /// <summary>Steps with calls.</summary>
    public int StepCount => _blocks.StepCount;

    /// <summary>Where each KV block goes, by owner; empty for schedules in which blocks do not rotate.</summary>
    public ImmutableArray<KvRoute> Routes => (_blocks as RotationSchedule)?.Routes ?? [];

    /// <summary>The schedule of a plan under a pattern.</summary>
    /// <param name="plan">A valid plan.</param>
    /// <param name="pattern">Documents, window and sink; tokens and batch as in the plan.</param>
    /// <exception cref="PlanException">Tokens or batch of the two differ.</exception>
    public static AttentionSchedule Build(SequenceParallelPlan plan, AttentionPattern pattern)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(pattern);
        if (pattern.Tokens != plan.Tokens)
        {
            throw Invariant.Refuse($"tokens = {pattern.Tokens} in the pattern; nearest possible: {plan.Tokens}, as in the plan");
        }

        if (pattern.Batch != plan.Batch)
        {
            throw Invariant.Refuse($"batch = {pattern.Batch} in the pattern; nearest possible: {plan.Batch}, as in the plan");
        }

        if (plan.RingMode == SequenceMode.LightSeq && !pattern.IsCausal)
        {
            throw Invariant.Refuse($"mode = lightseq needs causal attention; nearest possible: mode = ring");
        }

        var layout = plan.RingLayout();
        var needs = new BlockNeeds(pattern, layout);
        return new(plan, pattern, layout, plan.RingMode switch
        {
            SequenceMode.LightSeq => new LightSeqSchedule(needs, plan.Mesh.Context),
            SequenceMode.AllGather => new AllGatherSchedule(needs, plan.Mesh.Context),
            _ => new RotationSchedule(needs, plan.Mesh.Context, plan.Mesh.InnerWindow),
        });
    }

    /// <summary>What one rank does.</summary>
    /// <param name="rank">From 0, below cp x hp.</param>
    public RankSchedule ForRank(SequenceRank rank)
    {
        var ring = Plan.Mesh.RingRankOf(rank);
        var headIndex = Plan.Mesh.HeadIndexOf(rank);
        var wire = new Wire(Plan, _shares, headIndex);
        return new()
        {
            Rank = rank,
            Block = ring,
            Segments = _shares.Segments(headIndex),
            Exchange = Exchange(rank),
            Forward = Steps(ring, SchedulePass.Forward, wire),
            Backward = Steps(ring, SchedulePass.Backward, wire),
        };
    }

    /// <summary>Every transfer of a pass, by sender, then in the order in which it leaves.</summary>
    public ImmutableArray<Transfer> Transfers(SchedulePass pass) =>
        [.. Enumerable.Range(0, Plan.Mesh.SequenceRanks).SelectMany(rank => SentBy(new(rank), pass))];

    /// <summary>Bytes and hops that a rank sends in a pass: what its communicators must count.</summary>
    public Traffic Sent(SequenceRank rank, SchedulePass pass)
    {
        var sent = new Traffic(0, 0);
        foreach (var transfer in SentBy(rank, pass))
        {
            sent = new(sent.Bytes + transfer.Bytes, sent.Hops + 1);
        }

        return sent;
    }

    /// <summary>Visible pairs of a call, of all its sequences; exact. Heads are not counted.</summary>
    public long VisiblePairs(BlockCall call) =>
        call.SequenceCount * Visibility.VisiblePairs(Pattern, Pattern.Groups[call.Group], call.Queries, call.Keys);

    /// <summary>Visible pairs that a ring rank attends in each step of a pass, <see cref="StepCount"/> of them.</summary>
    public ImmutableArray<long> PairsByStep(RingRank rank)
    {
        var pairs = new long[StepCount];
        foreach (var step in Steps(rank, SchedulePass.Forward, new Wire(Plan, _shares, 0)))
        {
            foreach (var call in step.Calls)
            {
                pairs[step.Step.Index] += VisiblePairs(call);
            }
        }

        return [.. pairs];
    }

    /// <summary>How evenly the work falls on ranks and steps.</summary>
    public WorkBalance Balance()
    {
        var ranks = Enumerable.Range(0, Plan.Mesh.Context).Select(rank => PairsByStep(new(rank))).ToArray();
        var sums = ranks.Select(steps => steps.Sum()).ToArray();
        return new(sums.Sum(), sums.Max(), Enumerable.Range(0, StepCount).Sum(step => ranks.Max(steps => steps[step])));
    }

    private ImmutableArray<RankStep> Steps(RingRank rank, SchedulePass pass, Wire wire)
    {
        var steps = new StepList(StepCount);
        _blocks.AddSteps(rank, pass, wire, steps);
        return steps.ToSteps();
    }

    private HeadExchange? Exchange(SequenceRank rank) => Plan.Mesh.Heads > 1 ? new HeadExchanges(Plan, _layout, _shares, StepCount).Of(rank) : null;

    private IEnumerable<Transfer> SentBy(SequenceRank rank, SchedulePass pass)
    {
        var exchange = Exchange(rank);
        var between = Steps(Plan.Mesh.RingRankOf(rank), pass, new Wire(Plan, _shares, Plan.Mesh.HeadIndexOf(rank)))
            .SelectMany(step => step.Departures.Concat(step.Results));
        return exchange is null ? between : exchange.Before(pass).Sends.Concat(between).Concat(exchange.After(pass).Sends);
    }
}
