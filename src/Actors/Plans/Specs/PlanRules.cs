using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

/// <summary>What makes a plan impossible, and the nearest one that is not.</summary>
internal static class PlanRules
{
    internal static void Check(SequenceParallelPlan plan)
    {
        CheckSizes(plan);
        CheckMesh(plan);
        CheckLayout(plan);
        LayoutRules.Check(plan.Layout, plan.Tokens, plan.Speeds);
        CheckPieces(plan);
        foreach (var window in plan.LayerWindows.Distinct())
        {
            AttentionPattern.Create(plan.Tokens, plan.Batch, plan.IsCausal, window, plan.Sink);
        }

        if (plan.RingMode == SequenceMode.LightSeq && !plan.IsCausal)
        {
            throw Invariant.Refuse($"mode = lightseq needs causal attention; nearest possible: mode = ring");
        }

        if (plan.AccumulationFormat != ElementFormat.Float32)
        {
            throw Invariant.Refuse($"accumulation-format = bfloat16: partial results are added up in float32 only; nearest possible: float32");
        }
    }

    /// <summary>The divisor of <paramref name="total"/> nearest to <paramref name="value"/>, the smaller one of two; at most
    /// <paramref name="limit"/>.</summary>
    internal static int NearestDivisor(int total, int value, int limit = int.MaxValue)
    {
        var nearest = 1;
        for (var divisor = 1; divisor <= Math.Min(total, limit); divisor++)
        {
            if (total % divisor == 0 && Math.Abs((long)divisor - value) < Math.Abs((long)nearest - value))
            {
                nearest = divisor;
            }
        }

        return nearest;
    }

    /// <summary>Refuses a number below 1.</summary>
    internal static void AtLeastOne(string field, long value)
    {
        if (value < 1)
        {
            throw Invariant.Refuse($"{field} = {value} must be at least 1; nearest possible: {field} = 1");
        }
    }

    /// <summary>The one layout of a mode, or null where any will do.</summary>
    internal static LayoutKind? OnlyLayout(SequenceMode mode) => mode switch
    {
        SequenceMode.Zigzag => LayoutKind.Zigzag,
        SequenceMode.Stripe => LayoutKind.Stripe,
        SequenceMode.DoubleRing or SequenceMode.AllGather => null,
        _ => LayoutKind.Contiguous,
    };

    private static void CheckSizes(SequenceParallelPlan plan)
    {
        AtLeastOne("batch", plan.Batch);
        AtLeastOne("heads", plan.QueryHeads);
        AtLeastOne("kv-heads", plan.KeyHeads);
        AtLeastOne("head-size", plan.HeadSize);
        AtLeastOne("layers", plan.Layers);
        if (plan.QueryHeads % plan.KeyHeads != 0)
        {
            throw Invariant.Refuse(
                $"heads = {plan.QueryHeads} is not a multiple of kv-heads = {plan.KeyHeads}; nearest possible: kv-heads = {NearestDivisor(plan.QueryHeads, plan.KeyHeads)}");
        }
    }

    private static void CheckMesh(SequenceParallelPlan plan)
    {
        var mesh = plan.Mesh;
        AtLeastOne("dp", mesh.DataParallel);
        AtLeastOne("cp", mesh.Context);
        AtLeastOne("hp", mesh.Heads);
        AtLeastOne("inner-window", mesh.InnerWindow);
        if (mesh.Heads > plan.QueryHeads)
        {
            throw Invariant.Refuse(
                $"hp = {mesh.Heads} ranks cannot share heads = {plan.QueryHeads}; nearest possible: hp = {NearestDivisor(mesh.SequenceRanks, plan.QueryHeads, plan.QueryHeads)}");
        }

        if (mesh.Context % mesh.InnerWindow != 0)
        {
            throw Invariant.Refuse(
                $"inner-window = {mesh.InnerWindow} does not divide cp = {mesh.Context}; nearest possible: inner-window = {NearestDivisor(mesh.Context, mesh.InnerWindow)}");
        }

        if (plan.RingMode != SequenceMode.DoubleRing && mesh.InnerWindow != mesh.Context)
        {
            throw Invariant.Refuse(
                $"inner-window = {mesh.InnerWindow} in mode {plan.RingMode.Spelling()}; nearest possible: mode = double-ring or inner-window = {mesh.Context}");
        }

        if (plan.Mode is not (SequenceMode.Usp or SequenceMode.Ulysses) && mesh.Heads != 1)
        {
            throw Invariant.Refuse($"hp = {mesh.Heads} in mode {plan.Mode.Spelling()}; nearest possible: mode = usp or hp = 1");
        }

        if (plan.Mode is SequenceMode.Ulysses or SequenceMode.DataParallel && mesh.Context != 1)
        {
            throw Invariant.Refuse($"cp = {mesh.Context} in mode {plan.Mode.Spelling()}; nearest possible: mode = usp or cp = 1");
        }
    }

    private static void CheckLayout(SequenceParallelPlan plan)
    {
        var sharesHeads = plan.Mode is SequenceMode.Usp or SequenceMode.Ulysses;
        if (sharesHeads ? !plan.RingMode.Rotates() : plan.RingMode != plan.Mode)
        {
            throw Invariant.Refuse(
                $"ring-mode = {plan.RingMode.Spelling()} in mode {plan.Mode.Spelling()}; nearest possible: ring-mode = {(sharesHeads ? SequenceMode.Zigzag : plan.Mode).Spelling()}");
        }

        if (OnlyLayout(plan.RingMode) is { } layout && plan.Layout != layout)
        {
            throw Invariant.Refuse($"layout = {Name(plan.Layout)} in mode {plan.RingMode.Spelling()}; nearest possible: layout = {Name(layout)} or mode = {ModeOf(plan.Layout).Spelling()}");
        }

        if (plan.Speeds.Length != plan.Mesh.Context)
        {
            throw Invariant.Refuse($"speeds: {plan.Speeds.Length} given for cp = {plan.Mesh.Context} ring ranks; nearest possible: {plan.Mesh.Context} of them");
        }
    }

    // Each rank of a head group must hold a token, or its exchange would have nothing to give.
    private static void CheckPieces(SequenceParallelPlan plan)
    {
        var layout = plan.RingLayout();
        for (var ring = 0; ring < layout.Shares; ring++)
        {
            if (layout.Count(ring) < plan.Mesh.Heads)
            {
                throw Invariant.Refuse(
                    $"ring rank {ring}: tokens = {layout.Count(ring)} of {plan.Tokens} cannot be dealt out to hp = {plan.Mesh.Heads} ranks; nearest possible: tokens = {Division.Ceiling(plan.Speeds.Sum() * (long)plan.Mesh.Heads, plan.Speeds.Min())}");
            }
        }
    }

    private static string Name(LayoutKind layout) => ((ImmutableArray<string>)["contiguous", "zigzag", "stripe"])[(int)layout];

    private static SequenceMode ModeOf(LayoutKind layout) => layout switch
    {
        LayoutKind.Zigzag => SequenceMode.Zigzag,
        LayoutKind.Stripe => SequenceMode.Stripe,
        _ => SequenceMode.Ring,
    };
}
