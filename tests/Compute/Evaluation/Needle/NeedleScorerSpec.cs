using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Evaluation.Needle;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Specs.Data;
using ActorRing.Compute.Specs.Model;
using ActorRing.Compute.Specs.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Evaluation.Needle;

/// <summary>What a model answers: the likeliest tokens by its logits, whoever shares the sequence.</summary>
public class NeedleScorerSpec
{
    private static readonly Utf8Tokenizer Bytes = new(hasSpecials: true);
    private static readonly NeedleOptions Options = new([60], [0, 50], Samples: 3, Digits: 4, Distractors: 1, Seed: 1, City: null);
    private static readonly Haystack Haystack = new(Bytes, "One thing. Another thing! A third? And so on.");
    private static readonly LlamaConfig Config = TinyModels.Llama() with { VocabSize = 258, MaxPositionEmbeddings = 1024 };
    private static readonly int Tokens = NeedlePrompt.MostTokens(Bytes, Options, 60);

    [Fact]
    public void Answers_must_be_the_likeliest_tokens_by_the_logits_before_them()
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        using var parameters = RandomWeights(device);
        var prompt = NeedlePrompt.Make(Bytes, Haystack, Options, 60, 50, 0);

        var expected = new List<int>();
        for (var taken = prompt.AnswerTokens; taken > 0; taken--)
        {
            // The prompt up to the token asked for, in a model of just that length: nothing after it can matter.
            var length = prompt.Tokens.Length - taken;
            using var model = new LlamaModel(parameters, new LocalAttention(device), Compute.Recompute.RecomputePolicy.None, 1, length);
            model.SetRotary(Config);
            var batch = new Compute.Data.Batch(1, length);
            batch.SetRow(0, prompt.Tokens.AsSpan(0, length), new int[length], [0, length]);
            model.Load(batch);
            model.Forward();
            var last = model.Logits()[^Config.VocabSize..];
            expected.Add(Array.IndexOf(last, last.Max()));
        }

        using var scorer = Alone(device, parameters);
        Assert.Equal(expected, scorer.Ask(prompt));
    }

    [Theory]
    [InlineData("ring", 3)]
    [InlineData("zigzag", 4)]
    [InlineData("ulysses", 2)]
    [InlineData("usp", 4)]
    public void Several_ranks_must_answer_as_one(string mode, int ranks)
    {
        var samples = Enumerable.Range(0, Options.Samples).Select(sample => NeedlePrompt.Make(Bytes, Haystack, Options, 60, 50, sample)).ToArray();
        int[][] alone;
        using (var device = NativeBackend.LoadCpu().Open(1))
        {
            using var parameters = RandomWeights(device);
            using var scorer = Alone(device, parameters);
            alone = [.. samples.Select(scorer.Ask)];
        }

        var plan = new PlanRequest
        {
            Mode = mode,
            Ranks = ranks,
            Tokens = Tokens,
            Batch = 1,
            QueryHeads = Config.NumAttentionHeads,
            KeyHeads = Config.NumKeyValueHeads,
            HeadSize = Config.HeadDim,
            LayerWindows = [0, 0],
        }.Resolve();
        var meeting = new InMemoryRendezvous();
        RankThreads.Run(ranks, rank =>
        {
            using var device = NativeBackend.LoadCpu().Open(1);
            using var parameters = RandomWeights(device);
            using var links = RankLinks.Connect(meeting, new SequenceRank(rank), ranks);
            using var attention = new PlannedAttention(device, plan, new SequenceRank(rank), links.Links);
            using var group = new CommunicatorGroup(device, links.Results);
            using var scorer = new NeedleScorer(parameters, Config, Tokens, new NeedleSeat(ModelShare.PositionsOf(plan, new SequenceRank(rank)), attention, group, attention.Settle));
            Assert.Equal(alone, samples.Select(scorer.Ask));
        });
    }

    private static NeedleScorer Alone(ComputeDevice device, Parameters parameters) =>
        new(parameters, Config, Tokens, new NeedleSeat(ModelShare.AllPositions(Tokens), new LocalAttention(device), new SingleRank(), () => { }));

    private static Parameters RandomWeights(ComputeDevice device)
    {
        var parameters = new Parameters(device, ModelDims.Of(Config), ElementType.Float32);
        Initialization.Fill(parameters, 5, 0.3);
        return parameters;
    }
}
