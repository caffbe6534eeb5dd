using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;

namespace ActorRing.Compute.Evaluation;

/// <summary>What an evaluation found.</summary>
/// <param name="MeanNll">Mean negative log-likelihood of the scored tokens, nats.</param>
/// <param name="Perplexity">exp of it.</param>
/// <param name="Scored">Tokens scored.</param>
public readonly record struct PerplexityResult(double MeanNll, double Perplexity, long Scored);

/// <summary>Perplexity over whole rows: every token weighs the same, whatever row it is in.</summary>
public static class Perplexity
{
    /// <summary>Scores up to <paramref name="maxRows"/> rows of T tokens, in the order of the text.</summary>
    /// <param name="parameters">The model's weights.</param>
    /// <param name="config">The model.</param>
    /// <param name="rows">Rows of T tokens; a tail shorter than a row is scored as a shorter row of its own.</param>
    /// <param name="maxRows">Most rows to score.</param>
    /// <param name="progress">Told the rows done after each.</param>
    /// <param name="stop">Ends early with what was scored.</param>
    public static PerplexityResult Of(Parameters parameters, LlamaConfig config, PackedRows rows, long maxRows, IProgress<long>? progress, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(rows);

        // The first token of all has no predecessor, hence N - 1 labels: as many whole rows as fit, then what is left.
        var labels = rows.TokenCount - 1;
        var wholeRows = Math.Min(maxRows, labels / rows.SeqLen);
        var tail = wholeRows < maxRows ? (int)(labels - (wholeRows * rows.SeqLen)) : 0;
        var sum = 0.0;
        var scored = 0L;
        Score(rows.SeqLen, wholeRows, firstToken: 0);
        if (tail > 0 && !stop.IsCancellationRequested)
        {
            Score(tail, 1, firstToken: wholeRows * rows.SeqLen);
        }

        if (scored == 0)
        {
            throw new InvalidDataException("no token was scored: every label crosses a document boundary, or the evaluation was stopped at once");
        }

        return new PerplexityResult(sum / scored, Math.Exp(sum / scored), scored);

        void Score(int tokens, long count, long firstToken)
        {
            using var model = new LlamaModel(parameters, new LocalAttention(parameters.Device), RecomputePolicy.Full, batch: 1, tokens);
            model.SetRotary(config);
            var batch = new Batch(1, tokens);
            for (var row = 0L; row < count && !stop.IsCancellationRequested; row++)
            {
                batch.FillRow(0, rows, firstToken + (row * tokens));
                model.Load(batch);
                model.Forward();
                var loss = model.Loss();
                sum += loss.Sum;
                scored += loss.LabelCount;
                progress?.Report(row + 1);
            }
        }
    }
}
