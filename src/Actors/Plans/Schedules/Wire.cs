using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>Makes the transfers of one head index of a plan: ring ranks become sequence ranks, rows become bytes.</summary>
internal sealed class Wire(SequenceParallelPlan plan, HeadShares shares, int headIndex)
{
    private const int StatisticBytes = 4; // lse, delta, row_max, row_sum: always float32

    private readonly HeadSpan _queries = shares.Queries(headIndex);
    private readonly HeadSpan _keys = shares.Keys(headIndex);

    internal SequenceParallelPlan Plan => plan;

    internal Transfer Between(SchedulePass pass, Payload payload, int sendStep, int step, int from, int to, int origin, RowSet rows) =>
        Make(pass, payload, sendStep, step, plan.Mesh.SequenceRankAt(new(from), headIndex), plan.Mesh.SequenceRankAt(new(to), headIndex), origin, rows);

    internal Transfer Make(SchedulePass pass, Payload payload, int sendStep, int step, SequenceRank from, SequenceRank to, int origin, RowSet rows)
    {
        var (queries, keys) = Carries(payload);
        return new()
        {
            Pass = pass,
            Payload = payload,
            SendStep = new(sendStep),
            Step = new(step),
            From = from,
            To = to,
            Origin = new(origin),
            Rows = rows,
            QueryHeads = queries ? _queries : default,
            KeyHeads = keys ? _keys : default,
            Bytes = checked(rows.RowCount * RowBytes(payload)),
        };
    }

    private (bool Queries, bool Keys) Carries(Payload payload) => payload switch
    {
        Payload.KeyValue or Payload.KeyValueGradient => (false, true),
        Payload.HeadsIn or Payload.HeadGradientsOut => (true, true),
        Payload.HeadGradientsIn => (true, !plan.KeepsExchanged),
        _ => (true, false),
    };

    private long RowBytes(Payload payload)
    {
        long queries = (long)_queries.Count * plan.HeadSize, keysAndValues = 2L * _keys.Count * plan.HeadSize;
        var statistic = (long)_queries.Count * StatisticBytes;
        int compute = plan.ComputeFormat.ByteCount(), gradient = plan.GradientFormat.ByteCount();
        var forward = (queries * compute) + (keysAndValues * plan.KvFormat.ByteCount());
        return payload switch
        {
            Payload.KeyValue => keysAndValues * plan.KvFormat.ByteCount(),
            Payload.KeyValueGradient => keysAndValues * gradient,
            Payload.Query => queries * compute,
            Payload.PartialOutput => (queries * ElementFormat.Float32.ByteCount()) + (2 * statistic),
            Payload.QueryAndOutputGradient => (2 * queries * compute) + (2 * statistic),
            Payload.QueryGradient => queries * gradient,
            Payload.HeadsIn => forward,
            Payload.HeadsOut => (queries * compute) + statistic,
            Payload.HeadGradientsIn => (queries * compute) + (2 * statistic) + (plan.KeepsExchanged ? 0 : forward),
            _ => (queries + keysAndValues) * gradient,
        };
    }
}
