using ActorRing.Compute.Data;
using ActorRing.Compute.Inference;

namespace ActorRing.Compute.Evaluation;

/// <summary>What an evaluation found.</summary>
/// <param name="MeanNll">Mean negative log-likelihood of the scored tokens, nats.</param>
/// <param name="Perplexity">exp of it.</param>
/// <param name="Scored">Tokens scored.</param>
public readonly record struct PerplexityResult(double MeanNll, double Perplexity, long Scored)
{
    /// <summary>Of a sum over tokens: every token weighs the same, whatever row, window or document it is in.</summary>
    /// <exception cref="InvalidDataException">No token was scored.</exception>
    internal static PerplexityResult Of(double nllSum, long scored, string why) => scored > 0
        ? new(nllSum / scored, Math.Exp(nllSum / scored), scored)
        : throw new InvalidDataException($"no token was scored: {why}, or the evaluation was stopped at once");
}

/// <summary>Perplexity over whole rows. Every rank runs it; all find the same.</summary>
public static class Perplexity
{
    /// <summary>Scores up to <paramref name="maxRows"/> rows of T tokens, in the order of the text.</summary>
    /// <param name="model">Has room for T tokens.</param>
    /// <param name="rows">Rows of T tokens; a tail shorter than a row is scored as a shorter row of its own.</param>
    /// <param name="maxRows">Most rows to score.</param>
    /// <param name="progress">Told the rows done after each.</param>
    /// <param name="stop">Ends early with what was scored; that of rank 0 counts.</param>
    /// <exception cref="InvalidDataException">No token was scored.</exception>
    public static PerplexityResult Of(InferenceModel model, PackedRows rows, long maxRows, IProgress<long>? progress, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(rows);

        // The first token of all has no predecessor, hence N - 1 labels: as many whole rows as fit, then what is left.
        var labels = rows.TokenCount - 1;
        var wholeRows = Math.Min(maxRows, labels / rows.SeqLen);
        var tail = wholeRows < maxRows ? (int)(labels - (wholeRows * rows.SeqLen)) : 0;
        var (sum, scored) = (0.0, 0L);
        for (var row = 0L; row < wholeRows + (tail > 0 ? 1 : 0) && !StopReading.IsAsked(model, stop); row++)
        {
            Score(row < wholeRows ? rows.SeqLen : tail, firstToken: row * rows.SeqLen);
            progress?.Report(row + 1);
        }

        return PerplexityResult.Of(sum, scored, "every label crosses a document boundary");

        void Score(int tokens, long firstToken)
        {
            var (ids, shifted, starts) = (new int[tokens], new int[tokens], new long[tokens + 1]);
            var (count, _) = rows.FillAt(firstToken, ids, shifted, starts);

            // The last start is the end of the row.
            var loss = model.Score(ids, shifted, starts.AsSpan(0, count - 1));
            (sum, scored) = (sum + loss.Sum, scored + loss.LabelCount);
        }
    }
}

/// <summary>Whether to stop: what rank 0 was told, for all.</summary>
internal static class StopReading
{
    internal static bool IsAsked(InferenceModel model, CancellationToken stop) => model.Agree(stop.IsCancellationRequested ? 1 : 0) != 0;
}
