using ActorRing.Compute.Recompute;
using ActorRing.Compute.Specs.Operations;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Model;

public class LlamaModelSpec
{
    public static TheoryData<string> Models => new(TinyModels.All.Keys);

    public static TheoryData<string, string> ModelsByPolicy
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var policy in RecomputePolicy.All)
            {
                rows.Add("biased", policy.Name);
                rows.Add("mistral, one layer windowed", policy.Name);
            }

            return rows;
        }
    }

    // Some forty sums in a row, each in float32: wider than one operation, narrower than any mistake.
    private static readonly Tolerance Whole = new(2e-4, 2e-5);

    [Theory]
    [MemberData(nameof(Models))]
    public void Logits_must_equal_the_float64_reference(string model)
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        using var problem = new ModelProblem(device, TinyModels.All[model], RecomputePolicy.None, batch: 2, tokens: 21);
        problem.Model.Load(problem.Batch);
        problem.Model.Forward();

        var (reference, batch) = problem.InFloat64();
        Comparison.Require("logits", reference.Logits(batch), Array.ConvertAll(problem.Model.Logits(), value => (double)value), Whole);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Gradient_of_every_parameter_must_equal_the_float64_reference(string model)
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        using var problem = new ModelProblem(device, TinyModels.All[model], RecomputePolicy.None, batch: 2, tokens: 21);
        RequireReferenceGradients(problem);
    }

    [Theory]
    [MemberData(nameof(ModelsByPolicy))]
    public void Gradient_of_every_parameter_must_equal_the_float64_reference_under_every_policy(string model, string policy)
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        using var problem = new ModelProblem(device, TinyModels.All[model], RecomputePolicy.Named(policy), batch: 1, tokens: 13, documents: true);
        RequireReferenceGradients(problem);
    }

    [Fact]
    public void Gradient_of_every_parameter_must_follow_the_reference_in_bfloat16()
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        using var problem = new ModelProblem(device, TinyModels.All["llama"], RecomputePolicy.SelectivePlusPlus, batch: 2, tokens: 21, type: ElementType.BFloat16);
        problem.ForwardBackward();

        // Every stored activation is rounded to eight bits, so single elements wander; as vectors the gradients must point where the reference points.
        var (reference, batch) = problem.InFloat64();
        foreach (var (name, expected) in reference.Backward(batch).Gradients)
        {
            var error = Math.Sqrt(expected.Zip(problem.Gradient(name), (e, a) => (e - a) * (e - a)).Sum() / expected.Sum(e => e * e));
            Assert.True(error < 0.04, $"{name}: relative error {error:G3}");
        }
    }

    [Fact]
    public void One_token_must_be_a_sequence()
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        using var problem = new ModelProblem(device, TinyModels.All["llama"], RecomputePolicy.Full, batch: 3, tokens: 1);
        problem.ForwardBackward();

        var (reference, batch) = problem.InFloat64();
        var expected = reference.Backward(batch).Gradients;
        Comparison.Require("embedding", expected["model.embed_tokens.weight"], problem.Gradient("model.embed_tokens.weight"), Whole);

        // One key has probability 1 whatever the score: q and k learn nothing, up to the rounding of dP - delta.
        Assert.All(expected["model.layers.0.self_attn.q_proj.weight"], value => Assert.Equal(0, value, 1e-15));
        Assert.All(problem.Gradient("model.layers.0.self_attn.q_proj.weight"), value => Assert.Equal(0, value, 1e-6));
    }

    [Fact]
    public void Comparison_must_notice_documents_that_are_not_masked()
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        using var problem = new ModelProblem(device, TinyModels.All["llama"], RecomputePolicy.None, batch: 1, tokens: 13, documents: true);
        var (reference, batch) = problem.InFloat64();
        problem.Batch.SetRow(0, problem.Batch.Ids.ToArray(), problem.Batch.Labels.ToArray(), [0, 13]);
        problem.ForwardBackward();

        const string Name = "model.layers.0.self_attn.q_proj.weight";
        Comparison.MustNotice("an unmasked document", reference.Backward(batch).Gradients[Name], problem.Gradient(Name), Whole);
    }

    private static void RequireReferenceGradients(ModelProblem problem)
    {
        var loss = problem.ForwardBackward();

        var (reference, batch) = problem.InFloat64();
        var expected = reference.Backward(batch);
        Assert.Equal(expected.LabelCount, loss.LabelCount);
        Assert.Equal(expected.LossSum, loss.Sum, Math.Abs(expected.LossSum) * 1e-5);
        Assert.Equal(problem.Parameters.Layout.Slots.Select(slot => slot.Name).Order(StringComparer.Ordinal), expected.Gradients.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, gradient) in expected.Gradients)
        {
            Comparison.Require(name, gradient, problem.Gradient(name), Whole);
        }
    }
}
