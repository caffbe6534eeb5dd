using System.Collections.Immutable;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Plans;

/// <summary>A plan and a pattern drawn from a seed: awkward on purpose (odd lengths, tiny documents, uneven speeds and heads).</summary>
internal sealed record PlanCase(SequenceParallelPlan Plan, AttentionPattern Pattern)
{
    internal string Name =>
        $"{Plan.Mode}/{Plan.RingMode} cp={Plan.Mesh.Context} hp={Plan.Mesh.Heads} w={Plan.Mesh.InnerWindow} {Plan.Layout} S={Plan.Tokens} B={Plan.Batch} N={Plan.QueryHeads} K={Plan.KeyHeads} "
        + $"speeds={string.Join(',', Plan.Speeds)} causal={Pattern.IsCausal} window={Pattern.Window} sink={Pattern.Sink} documents={string.Join('|', Pattern.Groups.Select(g => string.Join(',', g.DocumentStarts)))}";
}

internal static class PlanCases
{
    private static readonly SequenceMode[] Rotating = [SequenceMode.Ring, SequenceMode.Zigzag, SequenceMode.Stripe, SequenceMode.DoubleRing];

    internal static SequenceParallelPlan Plan(
        SequenceMode mode, int ranks, LayoutKind layout, long tokens, int batch = 1, int window = 0, int heads = 1, int queryHeads = 4, int keyHeads = 2,
        ImmutableArray<int> speeds = default) => new()
        {
            Mode = mode,
            RingMode = mode,
            Mesh = new(1, ranks, heads, MeshPlacement.HeadFirst, window == 0 ? ranks : window),
            Layout = layout,
            Speeds = speeds.IsDefault ? [.. Enumerable.Repeat(1, ranks)] : speeds,
            Tokens = tokens,
            Batch = batch,
            QueryHeads = queryHeads,
            KeyHeads = keyHeads,
            HeadSize = 8,
            LayerWindows = [0],
        };

    internal static PlanCase Draw(int rngSeed, params SequenceMode[] modes)
    {
        var random = new Random(rngSeed);
        var mode = modes[random.Next(modes.Length)];
        var ringMode = mode switch
        {
            SequenceMode.Usp => Rotating[random.Next(Rotating.Length)],
            SequenceMode.Ulysses => SequenceMode.Ring,
            _ => mode,
        };
        var heads = mode is SequenceMode.Usp or SequenceMode.Ulysses ? random.Next(1, 6) : 1;
        var ranks = mode switch
        {
            SequenceMode.DataParallel or SequenceMode.Ulysses => 1,
            SequenceMode.Usp => random.Next(1, 5),
            _ => random.Next(1, 10),
        };
        var layout = ringMode switch
        {
            SequenceMode.Zigzag => LayoutKind.Zigzag,
            SequenceMode.Stripe => LayoutKind.Stripe,
            SequenceMode.DoubleRing or SequenceMode.AllGather => (LayoutKind)random.Next(3),
            _ => LayoutKind.Contiguous,
        };
        var fastest = layout != LayoutKind.Stripe && random.Next(3) == 0 ? 3 : 1;
        ImmutableArray<int> speeds = [.. Enumerable.Range(0, ranks).Select(_ => random.Next(1, fastest + 1))];
        var tokens = Math.Max(random.Next(ranks, (ranks * random.Next(1, 14)) + 1), heads * speeds.Sum());
        var batch = random.Next(1, 4);
        var divisors = Enumerable.Range(1, ranks).Where(w => ranks % w == 0).ToArray();
        var inner = ringMode == SequenceMode.DoubleRing ? divisors[random.Next(divisors.Length)] : ranks;
        var keyHeads = random.Next(1, 4);
        var queryHeads = keyHeads * random.Next(((heads - 1) / keyHeads) + 1, ((heads - 1) / keyHeads) + 4);
        var plan = Plan(mode, ranks, layout, tokens, batch, inner, heads, queryHeads, keyHeads, speeds);
        plan = plan with { RingMode = ringMode, KeepsExchanged = random.Next(2) == 0 };
        plan.Check();
        return new(plan, DrawPattern(random, tokens, batch, ringMode != SequenceMode.LightSeq));
    }

    internal static AttentionPattern DrawPattern(Random random, long tokens, int batch, bool mayBeFull = true)
    {
        var causal = random.Next(5) > 0 || !mayBeFull;
        var window = causal && random.Next(2) == 0 ? random.Next(1, (int)tokens + 2) : 0;
        var pattern = AttentionPattern.Create(tokens, batch, causal, window, random.Next(2) == 0 ? random.Next(0, 5) : 0);
        return random.Next(3) == 0 ? pattern : pattern.WithDocuments([.. Enumerable.Range(0, batch).Select(_ => DrawDocuments(random, tokens))]);
    }

    private static ReadOnlyMemory<long> DrawDocuments(Random random, long tokens)
    {
        var starts = new List<long> { 0 };
        var longest = random.Next(1, (int)tokens + 1);
        for (var next = (long)random.Next(1, longest + 1); next < tokens; next += random.Next(1, longest + 1))
        {
            starts.Add(next);
        }

        if (random.Next(2) == 0)
        {
            starts.Add(tokens);
        }

        return random.Next(4) == 0 ? ReadOnlyMemory<long>.Empty : starts.ToArray();
    }
}
