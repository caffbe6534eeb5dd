using ActorRing.Actors.Ids;
using ActorRing.Compute.Data;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.Specs.Model;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Training;

public class TrainingStepSpec
{
    public static TheoryData<ElementType> Types => new(ElementType.Float32, ElementType.BFloat16);

    [Theory]
    [MemberData(nameof(Types))]
    public void Twenty_steps_must_be_bit_equal_under_every_recompute_policy(ElementType type)
    {
        var weights = RecomputePolicy.All.Select(policy => Train(policy, type, steps: 20).Weights).ToArray();

        Assert.Equal(weights[0], weights[1]);
        Assert.Equal(weights[0], weights[2]);
    }

    [Fact]
    public void Two_runs_must_be_bit_equal() =>
        Assert.Equal(Train(RecomputePolicy.SelectivePlusPlus, ElementType.Float32, steps: 20).Weights, Train(RecomputePolicy.SelectivePlusPlus, ElementType.Float32, steps: 20).Weights);

    [Theory]
    [InlineData("none", ElementType.Float32)]
    [InlineData("full", ElementType.Float32)]
    [InlineData("selective++", ElementType.Float32)]
    [InlineData("selective++", ElementType.BFloat16)]
    public void Step_must_allocate_nothing_managed_or_native_when_repeated(string policy, ElementType type)
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        using var problem = new ModelProblem(device, TinyModels.Llama(), RecomputePolicy.Named(policy), batch: 2, tokens: 19, documents: true, type);
        using var optimizer = new AdamW(problem.Parameters, new AdamWOptions());
        var step = new TrainingStep(problem.Parameters, problem.Model, problem.Gradients, optimizer, new SingleRank());
        var batches = new[] { problem.Batch, problem.Batch };
        step.Run(new TrainStep(0), batches, 1e-3);
        step.Run(new TrainStep(1), batches, 1e-3);
        var (buffers, scratch) = (device.Info.BufferBytes, device.Info.ScratchBytes);

        var before = GC.GetAllocatedBytesForCurrentThread();
        step.Run(new TrainStep(2), batches, 1e-3);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Equal((buffers, scratch), (device.Info.BufferBytes, device.Info.ScratchBytes));
    }

    [Fact]
    public void Loss_must_fall_when_a_batch_is_repeated()
    {
        var losses = Train(RecomputePolicy.SelectivePlusPlus, ElementType.Float32, steps: 20).Losses;

        Assert.True(losses[^1] < losses[0] - 1, $"from {losses[0]} to {losses[^1]}");
    }

    [Fact]
    public void Accumulated_micro_batches_must_equal_one_batch_when_their_label_counts_differ()
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        using var together = new ModelProblem(device, TinyModels.Llama(), RecomputePolicy.None, batch: 2, tokens: 9);
        using var apart = new ModelProblem(device, TinyModels.Llama(), RecomputePolicy.None, batch: 1, tokens: 9);
        var batches = new[] { Row(together.Batch, 0), Row(together.Batch, 1) };
        Assert.NotEqual(batches[0].LabelledCount, batches[1].LabelledCount);
        using var first = new AdamW(together.Parameters, new AdamWOptions());
        using var second = new AdamW(apart.Parameters, new AdamWOptions());

        var one = new TrainingStep(together.Parameters, together.Model, together.Gradients, first, new SingleRank()).Run(new TrainStep(0), [together.Batch], 1e-3);
        var two = new TrainingStep(apart.Parameters, apart.Model, apart.Gradients, second, new SingleRank()).Run(new TrainStep(0), batches, 1e-3);

        Assert.Equal(one.Loss, two.Loss, 1e-6);
        Assert.Equal(one.GradientNorm, two.GradientNorm, one.GradientNorm * 1e-5);
        Assert.Equal(one.Tokens, two.Tokens);
    }

    [Fact]
    public void Step_must_refuse_a_batch_without_labels_and_leave_the_weights_alone()
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        using var problem = new ModelProblem(device, TinyModels.Llama(), RecomputePolicy.None, batch: 1, tokens: 4);
        using var optimizer = new AdamW(problem.Parameters, new AdamWOptions());
        problem.Batch.SetRow(0, [1, 2, 3, 4], [-100, -100, -100, -100], [0, 4]);
        var before = Weights(problem);

        var step = new TrainingStep(problem.Parameters, problem.Model, problem.Gradients, optimizer, new SingleRank());
        var error = Assert.Throws<ArgumentException>(() => step.Run(new TrainStep(0), [problem.Batch], 1e-3));

        Assert.Contains("no token of the step is labelled", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, Weights(problem));
    }

    [Theory]
    [InlineData("model.layers.1.mlp.up_proj.weight", float.NaN)]
    [InlineData("model.embed_tokens.weight", float.PositiveInfinity)]
    public void Step_must_stop_before_the_update_and_name_the_loss_when_a_weight_is_not_finite(string name, float value)
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        using var problem = new ModelProblem(device, TinyModels.Llama(), RecomputePolicy.SelectivePlusPlus, batch: 1, tokens: 6);
        using var optimizer = new AdamW(problem.Parameters, new AdamWOptions());
        var slot = problem.Slot(name);
        device.Write<float>([.. Enumerable.Repeat(value, (int)slot.Count)], problem.Parameters.Master.Of(slot));
        problem.Parameters.Publish();
        var before = Weights(problem);

        var step = new TrainingStep(problem.Parameters, problem.Model, problem.Gradients, optimizer, new SingleRank());
        var error = Assert.Throws<NonFiniteException>(() => step.Run(new TrainStep(16), [problem.Batch], 1e-3));

        Assert.Equal("loss", error.TensorName);
        Assert.Equal(new TrainStep(16), error.Step);
        Assert.Contains("step 17", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, optimizer.Updates);
        Assert.Equal(before.Select(BitConverter.SingleToInt32Bits), Weights(problem).Select(BitConverter.SingleToInt32Bits));
    }

    [Fact]
    public void Step_must_name_the_parameter_whose_gradient_is_not_finite()
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        using var problem = new ModelProblem(device, TinyModels.Llama(), RecomputePolicy.None, batch: 1, tokens: 6);
        problem.ForwardBackward();
        const string Name = "model.layers.1.self_attn.k_proj.weight";
        device.Write<float>([float.PositiveInfinity], problem.Gradients.Views.Of(problem.Slot(Name)).Slice(0, 3, 1).Slice(1, 2, 1));

        Assert.False(double.IsFinite(problem.Gradients.Norm(new SingleRank())));
        Assert.Equal(Name, problem.Gradients.FirstNonFinite(new SingleRank()));
    }

    private static (float[] Weights, double[] Losses) Train(RecomputePolicy policy, ElementType type, int steps)
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        using var problem = new ModelProblem(device, TinyModels.Llama(), policy, batch: 2, tokens: 19, documents: true, type);
        using var optimizer = new AdamW(problem.Parameters, new AdamWOptions());
        var step = new TrainingStep(problem.Parameters, problem.Model, problem.Gradients, optimizer, new SingleRank());
        var losses = Enumerable.Range(0, steps).Select(i => step.Run(new TrainStep(i), [problem.Batch], 3e-3).Loss).ToArray();
        return (Weights(problem), losses);
    }

    private static float[] Weights(ModelProblem problem)
    {
        var values = new float[problem.Parameters.Master.Flat.Count];
        problem.Parameters.Device.Read<float>(problem.Parameters.Master.Flat, values);
        return values;
    }

    private static Batch Row(Batch batch, int row)
    {
        var single = new Batch(1, batch.SeqLen);
        single.SetRow(0, batch.Ids.Slice(row * batch.SeqLen, batch.SeqLen), batch.Labels.Slice(row * batch.SeqLen, batch.SeqLen), batch.DocumentStarts(row));
        return single;
    }
}
