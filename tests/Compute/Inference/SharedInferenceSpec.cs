using ActorRing.Compute.Inference;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Specs.Model;
using ActorRing.Compute.Verification;

namespace ActorRing.Compute.Specs.Inference;

/// <summary>Several ranks that share a sequence against one that has all of it.</summary>
public class SharedInferenceSpec
{
    private const int Prompt = 19;
    private const int NewTokens = 34;

    public static TheoryData<string, int> Modes => new()
    {
        { "ring", 2 }, { "ring", 3 }, { "zigzag", 2 }, { "zigzag", 4 }, { "stripe", 3 }, { "double-ring", 4 }, { "lightseq", 4 }, { "all-gather", 3 }, { "ulysses", 2 }, { "ulysses", 4 },
        { "usp", 4 },
    };

    [Theory]
    [MemberData(nameof(Modes))]
    public void Ranks_must_write_what_one_rank_writes_token_by_token(string mode, int ranks) =>
        RequireSameText(TinyModels.Llama(), mode, ranks, Prompt, sink: 0);

    [Theory]
    [InlineData("zigzag", 3)]
    [InlineData("stripe", 4)]
    [InlineData("ulysses", 4)]
    public void Ranks_must_write_what_one_rank_writes_when_layers_have_windows_and_sinks(string mode, int ranks)
    {
        RequireSameText(TinyModels.All["mistral"], mode, ranks, Prompt, sink: 2);
        RequireSameText(TinyModels.All["mistral, one layer windowed"], mode, ranks, Prompt, sink: 0);
    }

    [Theory]
    [InlineData("ring", 4, 1)]
    [InlineData("zigzag", 4, 2)]
    [InlineData("ulysses", 3, 2)]
    [InlineData("stripe", 2, 3)]
    public void Ranks_must_write_what_one_rank_writes_when_the_prompt_is_shorter_than_they_are_many(string mode, int ranks, int prompt) =>
        RequireSameText(TinyModels.All["rope dynamic"], mode, ranks, prompt, sink: 0);

    [Theory]
    [MemberData(nameof(Modes))]
    public void Score_of_ranks_must_be_that_of_one(string mode, int ranks)
    {
        var config = TinyModels.Llama();
        var ids = InferenceProblem.Tokens(41);
        int[] labels = [.. ids.Skip(1), -100];
        long[] starts = [0, 17, 18];
        using var problem = new InferenceProblem(config);
        using var alone = problem.Model(new(41, 0));
        var expected = alone.Score(ids, labels, starts);

        InferenceProblem.OnRanks(config, mode, ranks, new(41, 0) { ChunkTokens = 6 }, (_, model, _) =>
        {
            // Twice, and another length between: what one sequence leaves must not show in the next.
            foreach (var _ in (int[])[1, 2])
            {
                var found = model.Score(ids, labels, starts);
                Assert.Equal(expected.LabelCount, found.LabelCount);
                Assert.Equal(expected.Sum, found.Sum, expected.Sum * 1e-5);
                model.Score(ids.AsSpan(0, 11), labels.AsSpan(0, 11));
            }
        });
    }

    [Fact]
    public void Decode_must_send_one_output_a_layer_and_no_key_however_long_the_sequence_is()
    {
        const int Ranks = 3, Layers = 2, Heads = 4, HeadSize = 32;
        var expected = (long)Layers * (Ranks - 1) * Heads * (HeadSize + 1) * sizeof(float);
        foreach (var prompt in (int[])[5, 50])
        {
            InferenceProblem.OnRanks(TinyModels.Llama(), "zigzag", Ranks, new(prompt, NewTokens), (_, model, seat) =>
            {
                model.Prefill(InferenceProblem.Tokens(prompt), prompt + NewTokens);
                var keys = seat.Links.Blocks.Counters.SentBytes + seat.Links.Results.Counters.SentBytes;
                for (var token = 0; token < NewTokens; token++)
                {
                    var before = seat.All.Counters.SentBytes;
                    model.Decode(token);
                    seat.All.Barrier(new(Compute.Communication.HopChannel.Control)).Wait(); // sent bytes count when they are acknowledged
                    Assert.Equal(expected, seat.All.Counters.SentBytes - before);
                }

                Assert.Equal(keys, seat.Links.Blocks.Counters.SentBytes + seat.Links.Results.Counters.SentBytes);
            });
        }
    }

    [Fact]
    public void Cache_must_grow_evenly_when_ranks_decode()
    {
        // Each rank has room for a third of the new tokens, rounded up: a rank that kept more would refuse.
        var (dims, type) = (Compute.Model.ModelDims.Of(TinyModels.Llama()), Native.ElementType.Float32);
        var one = InferenceModel.PlanBytes(dims, type, new(30, 30), "ring", 3).Cache;
        var alone = InferenceModel.PlanBytes(dims, type, new(30, 30), null, 1).Cache;

        Assert.Equal(alone, 3 * one);
    }

    [Fact]
    public void Comparison_must_notice_a_rank_that_holds_another_token()
    {
        var config = TinyModels.Llama();
        using var problem = new InferenceProblem(config);
        var expected = Alone(problem, Prompt, sink: 0).Logits;
        InferenceProblem.OnRanks(config, "ring", 3, new(Prompt, NewTokens), (rank, model, _) =>
        {
            var prompt = InferenceProblem.Tokens(Prompt);
            prompt[8] = rank == 1 ? (prompt[8] + 1) % 37 : prompt[8]; // the second third is its own
            model.Prefill(prompt, Prompt + NewTokens);
            Assert.True(AttentionResults.Error(expected, InferenceProblem.Logits(model)) > 1e-3);
        });
    }

    private static void RequireSameText(LlamaConfig config, string mode, int ranks, int prompt, long sink)
    {
        using var problem = new InferenceProblem(config);
        var (text, expected, last) = Alone(problem, prompt, sink);
        Assert.True(text.Distinct().Count() > 3, "the text says too little to tell ranks apart");
        var logits = new float[ranks][];
        InferenceProblem.OnRanks(config, mode, ranks, new(prompt, NewTokens) { Sink = sink }, (rank, model, _) =>
        {
            var ids = InferenceProblem.Tokens(prompt);
            model.Prefill(ids, prompt + NewTokens);
            Assert.InRange(AttentionResults.Error(expected, InferenceProblem.Logits(model)), 0, 1e-5);
            Assert.Equal(text, Generation.Run(model, ids, new(NewTokens)).Tokens);
            logits[rank] = InferenceProblem.Logits(model);
            Assert.InRange(AttentionResults.Error(last, logits[rank]), 0, 1e-5);
        });
        Assert.All(logits, other => Assert.Equal(logits[0], other)); // to the bit
    }

    // Text, logits after the prompt, logits before the last token.
    private static (IReadOnlyList<int> Text, float[] Logits, float[] Last) Alone(InferenceProblem problem, int prompt, long sink)
    {
        using var model = problem.Model(new(prompt, NewTokens) { Sink = sink });
        model.Prefill(InferenceProblem.Tokens(prompt), prompt + NewTokens);
        var logits = InferenceProblem.Logits(model);
        var text = Generation.Run(model, InferenceProblem.Tokens(prompt), new(NewTokens)).Tokens;
        Assert.Equal(NewTokens, text.Count);
        return (text, logits, InferenceProblem.Logits(model));
    }
}
