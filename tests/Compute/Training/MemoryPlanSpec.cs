using ActorRing.Compute.Model;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Training;

/// <summary>Holds the code to the formulas of docs/numerics.md, written here a second time.</summary>
public class MemoryPlanSpec
{
    public static TheoryData<string, ElementType, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, ElementType, int, int>();
            foreach (var policy in RecomputePolicy.All)
            {
                foreach (var type in new[] { ElementType.Float32, ElementType.BFloat16 })
                {
                    cases.Add(policy.Name, type, 1, 4096);
                    cases.Add(policy.Name, type, 3, 1000);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Plan_must_match_the_documented_formulas_within_five_percent(string policy, ElementType type, int batch, int tokens)
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        var dims = Dims();
        var plan = MemoryPlan.Of(device, dims, type, RecomputePolicy.Named(policy), batch, tokens);
        var parameters = new ParameterLayout(dims).Slots.Sum(slot => slot.Count);

        RequireClose(parameters * (type == ElementType.BFloat16 ? 6 : 4), plan.Weights, "weights");
        RequireClose(parameters * 4, plan.Gradients, "gradients");
        RequireClose(parameters * 8, plan.Optimizer, "optimizer");
        var (kept, workspace) = Formulas(dims, policy, type.ByteCount(), (double)batch * tokens);
        RequireClose(kept, plan.Activations.Kept, "kept");
        RequireClose(workspace, plan.Activations.Workspace, "workspace");
    }

    [Fact]
    public void Live_buffers_must_be_what_was_planned()
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        var dims = Dims();
        var plan = MemoryPlan.Of(device, dims, ElementType.BFloat16, RecomputePolicy.SelectivePlusPlus, 2, 128);
        using var parameters = new Parameters(device, dims, ElementType.BFloat16);
        using var gradients = new Gradients(parameters);
        using var optimizer = new Optimizers.AdamW(parameters, new Optimizers.AdamWOptions());
        using var model = new LlamaModel(parameters, new Compute.SequenceParallel.LocalAttention(device), RecomputePolicy.SelectivePlusPlus, 2, 128);

        Assert.Equal(plan.Total - plan.Scratch, device.Info.BufferBytes);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1000)]
    public void Live_buffers_must_be_what_was_planned_when_ranks_share_the_moments(int ranks)
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        var alone = MemoryPlan.Of(device, Dims(), ElementType.Float32, RecomputePolicy.None, 1, 128);
        var shared = MemoryPlan.Of(device, Dims(), ElementType.Float32, RecomputePolicy.None, 1, 128, ranks);
        using var parameters = new Parameters(device, Dims(), ElementType.Float32);
        var shards = parameters.Layout.Shards;

        var moments = Enumerable.Range(0, ranks).Select(rank =>
        {
            using var optimizer = new Optimizers.AdamW(parameters, new Optimizers.AdamWOptions(), shards.OwnedBy(rank, ranks));
            return optimizer.ByteCount;
        }).ToArray();

        Assert.Equal(alone.Optimizer, moments.Sum());
        Assert.Equal(shared.Optimizer, moments.Max());
        Assert.Equal(alone with { Optimizer = shared.Optimizer }, shared);
        Assert.InRange(shared.Optimizer, 0, (alone.Optimizer / Math.Min(ranks, shards.Count)) + (8 * shards.ShardElements));
    }

    private static ModelDims Dims() => new()
    {
        Layers = 3, Width = 256, Heads = 8, KvHeads = 2, HeadSize = 32, MlpWidth = 704, Vocabulary = 1000, NormEpsilon = 1e-5, TiedEmbeddings = false,
    };

    private static (double Kept, double Workspace) Formulas(ModelDims dims, string policy, double e, double r)
    {
        double d = dims.Width, n = dims.Heads, k = dims.KvHeads, h = dims.HeadSize, f = dims.MlpWidth, l = dims.Layers;
        var inputs = e * r * d * (l + 1);
        var attention = r * ((e * (n + (2 * k)) * h) + (2 * e * n * h) + (4 * n) + (4 * (n + (2 * k)) * h));
        var mlp = 2 * e * r * f;
        var common = (2 * e * r * d) + (4 * r);
        var projections = (e * r * (((n + (2 * k)) * h) + d)) + (8 * r);
        return policy switch
        {
            "none" => (inputs + (l * r * ((e * (d + (((2 * n) + (2 * k)) * h) + (2 * f))) + (4 * n) + 8)), common + Math.Max(attention, mlp)),
            "full" => (inputs, common + projections + (r * ((e * n * h) + (4 * n))) + Math.Max(attention, 2 * mlp)),
            _ => (inputs + (l * r * ((e * n * h) + (4 * n))), common + projections + Math.Max(attention, 2 * mlp)),
        };
    }

    private static void RequireClose(double expected, long actual, string part) =>
        Assert.True(Math.Abs(actual - expected) <= 0.05 * expected, $"{part}: {actual} bytes, the formula says {expected:F0}");
}
