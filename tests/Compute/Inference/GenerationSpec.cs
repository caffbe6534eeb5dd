using ActorRing.Compute.Inference;
using ActorRing.Compute.Specs.Model;

namespace ActorRing.Compute.Specs.Inference;

public class GenerationSpec
{
    [Fact]
    public void Generation_must_repeat_itself_with_the_same_seed_and_not_with_another()
    {
        Assert.Equal(Sampled(5), Sampled(5));
        Assert.NotEqual(Sampled(5), Sampled(6));
    }

    [Fact]
    public void Ranks_must_sample_what_one_rank_samples()
    {
        var tokens = InferenceProblem.Tokens(11);
        InferenceProblem.OnRanks(TinyModels.Llama(), "zigzag", 3, new(11, 33), (_, model, _) => Assert.Equal(Sampled(5), Generation.Run(model, tokens, Options(5)).Tokens));
    }

    [Fact]
    public void Generation_must_end_before_an_end_token_and_say_so()
    {
        var text = Sampled(5);
        var end = text[7];
        using var problem = new InferenceProblem(TinyModels.Llama());
        using var model = problem.Model(new(11, 33));
        var seen = new List<int>();

        var result = Generation.Run(model, InferenceProblem.Tokens(11), Options(5) with { EndTokens = [end] }, onToken: seen.Add);

        Assert.Equal(GenerationEnd.EndToken, result.End);
        Assert.Equal(text.TakeWhile(token => token != end), result.Tokens);
        Assert.Equal(result.Tokens, seen);
    }

    [Fact]
    public void Generation_must_keep_what_is_written_when_it_is_stopped()
    {
        using var problem = new InferenceProblem(TinyModels.Llama());
        using var model = problem.Model(new(11, 33));
        using var stop = new CancellationTokenSource();
        var left = 4;

        var result = Generation.Run(model, InferenceProblem.Tokens(11), Options(5), onToken: _ => Cancel(), stop: stop.Token);

        Assert.Equal(GenerationEnd.Stopped, result.End);
        Assert.Equal(Sampled(5).Take(4), result.Tokens);

        void Cancel()
        {
            if (--left == 0)
            {
                stop.Cancel();
            }
        }
    }

    [Fact]
    public void All_ranks_must_stop_when_the_first_is_told_to()
    {
        using var stop = new CancellationTokenSource();
        InferenceProblem.OnRanks(TinyModels.Llama(), "ring", 2, new(11, 33), (rank, model, _) =>
        {
            var seen = 0;
            var result = Generation.Run(model, InferenceProblem.Tokens(11), Options(5), onToken: _ => Cancel(), stop: rank == 0 ? stop.Token : default);
            Assert.Equal((GenerationEnd.Stopped, 3), (result.End, result.Tokens.Count));

            void Cancel()
            {
                if (++seen == 3 && rank == 0)
                {
                    stop.Cancel();
                }
            }
        });
    }

    private static GenerationOptions Options(ulong rngSeed) => new(33) { Sampling = new() { Temperature = 0.9, TopK = 20, TopP = 0.95, RngSeed = rngSeed } };

    private static IReadOnlyList<int> Sampled(ulong rngSeed)
    {
        using var problem = new InferenceProblem(TinyModels.Llama());
        using var model = problem.Model(new(11, 33));
        return Generation.Run(model, InferenceProblem.Tokens(11), Options(rngSeed)).Tokens;
    }
}
