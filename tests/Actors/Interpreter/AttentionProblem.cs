using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Interpreter;

/// <summary>Random q, k, v and dout, and the attention of the whole sequence with its gradients in float64: what every schedule must reproduce.</summary>
internal sealed class AttentionProblem
{
    internal AttentionProblem(SequenceParallelPlan plan, AttentionPattern pattern, int rngSeed)
    {
        var random = new Random(rngSeed);
        int batch = plan.Batch, width = plan.HeadSize;
        Plan = plan;
        Q = Grid.Random(random, batch, plan.QueryHeads, plan.Tokens, width);
        K = Grid.Random(random, batch, plan.KeyHeads, plan.Tokens, width);
        V = Grid.Random(random, batch, plan.KeyHeads, plan.Tokens, width);
        Dout = Grid.Random(random, batch, plan.QueryHeads, plan.Tokens, width);
        Out = Zeros(plan.QueryHeads, width);
        Lse = Zeros(plan.QueryHeads, 1);
        Dq = Zeros(plan.QueryHeads, width);
        Dk = Zeros(plan.KeyHeads, width);
        Dv = Zeros(plan.KeyHeads, width);
        for (var b = 0; b < batch; b++)
        {
            for (var head = 0; head < plan.QueryHeads; head++)
            {
                for (var query = 0L; query < plan.Tokens; query++)
                {
                    Attend(pattern, b, head, query);
                }
            }
        }
    }

    internal SequenceParallelPlan Plan { get; }

    internal Grid Q { get; }

    internal Grid K { get; }

    internal Grid V { get; }

    internal Grid Dout { get; }

    internal Grid Out { get; }

    internal Grid Lse { get; }

    internal Grid Dq { get; }

    internal Grid Dk { get; }

    internal Grid Dv { get; }

    internal static double Scale(SequenceParallelPlan plan) => 1 / Math.Sqrt(plan.HeadSize);

    internal static double Dot(ReadOnlySpan<double> one, ReadOnlySpan<double> other)
    {
        var sum = 0.0;
        for (var i = 0; i < one.Length; i++)
        {
            sum += one[i] * other[i];
        }

        return sum;
    }

    internal static void AddScaled(Span<double> sum, double factor, ReadOnlySpan<double> values)
    {
        for (var i = 0; i < sum.Length; i++)
        {
            sum[i] += factor * values[i];
        }
    }

    // The header's rule, token by token.
    internal static bool Sees(AttentionPattern pattern, int sequence, long query, long key)
    {
        var starts = pattern.Groups.Single(group => sequence >= group.First && sequence < group.First + group.Count).DocumentStarts;
        long document = starts.Last(start => start <= query), other = starts.Last(start => start <= key);
        return document == other
            && (!pattern.IsCausal || key <= query)
            && (pattern.Window == 0 || key > query - pattern.Window || key < document + pattern.Sink);
    }

    private Grid Zeros(int heads, int width) => new(Plan.Batch, heads, Plan.Tokens, width, 0);

    private void Attend(AttentionPattern pattern, int b, int head, long query)
    {
        var keyHead = head / (Plan.QueryHeads / Plan.KeyHeads);
        var keys = Enumerable.Range(0, (int)Plan.Tokens).Where(key => Sees(pattern, b, query, key)).ToArray();
        var scores = keys.Select(key => Scale(Plan) * Dot(Q[b, head, query], K[b, keyHead, key])).ToArray();
        var largest = scores.Max();
        var lse = largest + Math.Log(scores.Sum(score => Math.Exp(score - largest)));
        Lse[b, head, query][0] = lse;
        for (var at = 0; at < keys.Length; at++)
        {
            AddScaled(Out[b, head, query], Math.Exp(scores[at] - lse), V[b, keyHead, keys[at]]);
        }

        var delta = Dot(Out[b, head, query], Dout[b, head, query]);
        for (var at = 0; at < keys.Length; at++)
        {
            var probability = Math.Exp(scores[at] - lse);
            var dscore = probability * (Dot(Dout[b, head, query], V[b, keyHead, keys[at]]) - delta) * Scale(Plan);
            AddScaled(Dq[b, head, query], dscore, K[b, keyHead, keys[at]]);
            AddScaled(Dk[b, keyHead, keys[at]], dscore, Q[b, head, query]);
            AddScaled(Dv[b, keyHead, keys[at]], probability, Dout[b, head, query]);
        }
    }
}
