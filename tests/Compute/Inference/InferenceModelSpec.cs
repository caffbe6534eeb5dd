using ActorRing.Compute.Inference;
using ActorRing.Compute.Model;
using ActorRing.Compute.Specs.Model;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Inference;

/// <summary>One rank alone, against the model that trains: other code, the same arithmetic.</summary>
public class InferenceModelSpec
{
    private const int Whole = 21;
    private const double Bound = 1e-5;

    public static TheoryData<string> Models => new(TinyModels.All.Keys);

    [Theory]
    [MemberData(nameof(Models))]
    public void Prefill_must_give_the_logits_of_the_training_model_whatever_the_chunk(string name)
    {
        using var problem = new InferenceProblem(TinyModels.All[name]);
        var ids = InferenceProblem.Tokens(Whole);
        var expected = problem.TrainingLogits(ids)[^problem.Config.VocabSize..];
        foreach (var chunk in (int[])[1, 4, 21, 512])
        {
            using var model = problem.Model(new(Whole, 0) { ChunkTokens = chunk });
            model.Prefill(ids, Whole);

            Assert.InRange(AttentionResults.Error(expected, InferenceProblem.Logits(model)), 0, Bound);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Decode_must_give_the_logits_of_a_prefill_of_the_longer_text(string name)
    {
        using var problem = new InferenceProblem(TinyModels.All[name]);
        var ids = InferenceProblem.Tokens(Whole);
        RequireDecoded(problem, ids, problem.TrainingLogits(ids), new(9, 12) { ChunkTokens = 5 });
    }

    [Fact]
    public void Decode_must_see_the_sink_outside_its_window()
    {
        using var problem = new InferenceProblem(TinyModels.All["mistral"]);
        var ids = InferenceProblem.Tokens(Whole);
        RequireDecoded(problem, ids, problem.TrainingLogits(ids, sink: 2), new(9, 12) { Sink = 2, ChunkTokens = 4 });
        Assert.True(AttentionResults.Error(problem.TrainingLogits(ids, sink: 2), problem.TrainingLogits(ids)) > 1e-3, "the sink changes nothing here");
    }

    [Fact]
    public void Sequence_must_begin_anew_when_it_is_prefilled_again()
    {
        using var problem = new InferenceProblem(TinyModels.Llama());
        var ids = InferenceProblem.Tokens(Whole);
        using var model = problem.Model(new(Whole, 4));
        model.Prefill(ids, Whole + 4);
        model.Decode(3);
        model.Prefill(ids.AsSpan(0, 6), 10);
        model.Decode(ids[6]);

        var expected = problem.TrainingLogits(ids).AsSpan(6 * model.Vocabulary, model.Vocabulary).ToArray();
        Assert.Equal(7, model.Tokens);
        Assert.InRange(AttentionResults.Error(expected, InferenceProblem.Logits(model)), 0, Bound);
    }

    [Theory]
    [InlineData("llama", 5)]
    [InlineData("mistral", 512)]
    [InlineData("rope dynamic", 8)]
    public void Score_must_be_the_loss_of_the_training_model(string name, int chunk)
    {
        using var problem = new InferenceProblem(TinyModels.All[name]);
        var ids = InferenceProblem.Tokens(Whole);
        int[] labels = [.. ids.Select((id, at) => at % 3 == 0 ? -100 : (id * 5) % 37)];
        using var model = problem.Model(new(Whole, 0) { ChunkTokens = chunk });
        foreach (var starts in (long[][])[[0], [0, 1, 13]])
        {
            var expected = problem.TrainingLoss(ids, labels, starts);
            var found = model.Score(ids, labels, starts);

            Assert.Equal(expected.LabelCount, found.LabelCount);
            Assert.Equal(expected.Sum, found.Sum, Math.Abs(expected.Sum) * Bound);
        }
    }

    [Fact]
    public void Score_of_a_uniform_model_must_be_the_logarithm_of_its_vocabulary()
    {
        using var problem = new InferenceProblem(TinyModels.Llama(), weightDeviation: 0);
        var ids = InferenceProblem.Tokens(Whole);
        using var model = problem.Model(new(Whole, 0));

        var loss = model.Score(ids, ids);

        Assert.Equal(37, Math.Exp(loss.Sum / loss.LabelCount), 37 * 3e-7); // a row's loss is float32
    }

    [Fact]
    public void Bfloat16_must_decode_what_it_would_prefill()
    {
        using var problem = new InferenceProblem(TinyModels.Llama(), type: ElementType.BFloat16);
        var ids = InferenceProblem.Tokens(Whole);
        using var whole = problem.Model(new(Whole, 0));
        using var model = problem.Model(new(9, 12));
        whole.Prefill(ids, Whole);
        model.Prefill(ids.AsSpan(0, 9), Whole);
        foreach (var id in ids.AsSpan(9))
        {
            model.Decode(id);
        }

        // Activations are rounded to eight bits at the same places, of sums formed in another order.
        Assert.InRange(AttentionResults.Error(InferenceProblem.Logits(whole), InferenceProblem.Logits(model)), 0, 0.03);
    }

    [Fact]
    public void Model_must_refuse_what_it_has_no_room_for_and_stay_usable()
    {
        using var problem = new InferenceProblem(TinyModels.Llama());
        var ids = InferenceProblem.Tokens(Whole);
        using var model = problem.Model(new(8, 2));

        Assert.Throws<InvalidOperationException>(() => model.Decode(1));
        Assert.Throws<ArgumentException>(() => model.Prefill(ids, Whole));
        Assert.Throws<ArgumentException>(() => model.Prefill([], 2));
        Assert.Throws<ArgumentException>(() => model.Prefill([1, 2], 5));
        Assert.Throws<ArgumentException>(() => model.Prefill([1, 37], 3));
        Assert.Throws<InvalidOperationException>(() => model.Decode(1));
        Assert.Throws<OperationCanceledException>(() => model.Prefill([1, 2], 3, new CancellationToken(canceled: true)));
        model.Prefill([1, 2], 3);
        model.Decode(4);
        Assert.Throws<InvalidOperationException>(() => model.Decode(1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    public void Live_buffers_must_be_what_was_planned_and_hold_one_layer_where_nothing_is_decoded(int newTokens)
    {
        using var problem = new InferenceProblem(TinyModels.Llama());
        var before = problem.Device.Info.BufferBytes;
        using var model = problem.Model(new(1000, newTokens) { ChunkTokens = 64 });

        var planned = InferenceModel.PlanBytes(problem.Parameters.Dims, ElementType.Float32, new(1000, newTokens) { ChunkTokens = 64 }, null, 1);
        Assert.Equal(planned, model.Bytes);
        Assert.Equal(planned.Total, problem.Device.Info.BufferBytes - before);
        var (layers, kvHeads, headSize, width) = (newTokens == 0 ? 1 : 2, 2, 32, 48);
        Assert.Equal(2L * layers * (1000 + newTokens) * kvHeads * headSize * sizeof(float), planned.Cache);
        Assert.InRange(planned.Workspace, 4 * 1000 * (2 + headSize + width), (4 * 1000 * (2 + headSize + width)) + (4 * 64 * 1000));
    }

    private static void RequireDecoded(InferenceProblem problem, int[] ids, float[] expected, InferenceCapacity capacity)
    {
        using var model = problem.Model(capacity);
        model.Prefill(ids.AsSpan(0, capacity.PromptTokens), ids.Length);
        for (var at = capacity.PromptTokens; at < ids.Length; at++)
        {
            Assert.InRange(AttentionResults.Error(expected[((at - 1) * model.Vocabulary)..(at * model.Vocabulary)], InferenceProblem.Logits(model)), 0, Bound);
            model.Decode(ids[at]);
        }

        Assert.InRange(AttentionResults.Error(expected[^model.Vocabulary..], InferenceProblem.Logits(model)), 0, Bound);
    }
}
