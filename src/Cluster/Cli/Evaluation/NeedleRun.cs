using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Evaluation.Needle;
using ActorRing.Compute.Model;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Evaluation;

/// <summary>One process's part of a needle test: all cells, from the shortest length to the longest.</summary>
internal static class NeedleRun
{
    /// <param name="arguments">The test.</param>
    /// <param name="device">Computes; borrowed.</param>
    /// <param name="seatOf">This rank's place in sequences of S tokens; called once a length.</param>
    /// <param name="scored">Called for each cell.</param>
    /// <param name="stop">Ends between two samples.</param>
    internal static void Run(NeedleArguments arguments, ComputeDevice device, Func<ModelDims, int, NeedleSeat> seatOf, Action<NeedleCell> scored, CancellationToken stop)
    {
        using var folder = HfModelFolder.Open(arguments.Model);
        var (config, task, tokenizer) = (arguments.ConfigOf(folder), arguments.Task, arguments.OpenTokenizer());
        var haystack = Haystack.Read(tokenizer, arguments.Haystack);
        var test = new NeedleTest(arguments.Name, tokenizer, haystack, task, TimeProvider.System);
        using var parameters = new Parameters(device, ModelDims.Of(config), ElementType.Float32);
        ModelWeights.Load(folder, parameters);
        foreach (var length in task.Lengths.Where(length => task.Depths.Any(depth => !arguments.IsDone(length, depth))))
        {
            var tokens = NeedlePrompt.MostTokens(tokenizer, task, length);
            var seat = seatOf(parameters.Dims, tokens);
            using var scorer = new NeedleScorer(parameters, config, tokens, seat);
            using var generator = arguments.IsFree ? new NeedleGenerator(parameters, config, tokens, task.Digits, seat.Inference) : null;
            foreach (var depth in task.Depths.Where(depth => !arguments.IsDone(length, depth)))
            {
                scored(test.Cell(scorer.Ask, generator is null ? null : generator.Answer, length, depth, stop));
            }
        }
    }
}
