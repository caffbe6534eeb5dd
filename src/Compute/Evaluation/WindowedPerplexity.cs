using ActorRing.Compute.Data;
using ActorRing.Compute.Inference;

namespace ActorRing.Compute.Evaluation;

/// <summary>Perplexity of documents at a length of context. Every rank runs it; all find the same.</summary>
/// <remarks>
/// Windows are those of EasyContext's <c>eval_ppl.py</c>. Where that takes the mean of the windows' means, here every token weighs the same. Cost: one forward pass of L tokens
/// a window.
/// </remarks>
public static class WindowedPerplexity
{
    /// <summary>Scores documents.</summary>
    /// <param name="model">Has room for L tokens.</param>
    /// <param name="documents">Ids of each, without begin token.</param>
    /// <param name="windows">How they are cut.</param>
    /// <param name="progress">Told the tokens scored so far, after each window.</param>
    /// <param name="stop">Ends early with what was scored; that of rank 0 counts.</param>
    /// <exception cref="ArgumentException">Windows of fewer than 2 tokens, or a stride below 1.</exception>
    /// <exception cref="InvalidDataException">No token was scored.</exception>
    public static PerplexityResult Of(InferenceModel model, IEnumerable<int[]> documents, ScoringWindows windows, IProgress<long>? progress, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(windows);
        ArgumentOutOfRangeException.ThrowIfLessThan(windows.Tokens, 2, nameof(windows));
        ArgumentOutOfRangeException.ThrowIfLessThan(windows.Stride, 1, nameof(windows));
        var (sum, scored) = (0.0, 0L);
        foreach (var document in documents)
        {
            foreach (var window in windows.Of(document.Length))
            {
                if (StopReading.IsAsked(model, stop))
                {
                    return PerplexityResult.Of(sum, scored, "no window was done");
                }

                var (ids, labels) = Row(document, window, windows.BeginToken);
                if (labels.AsSpan().ContainsAnyExcept(PackedRows.Ignored))
                {
                    var loss = model.Score(ids, labels);
                    (sum, scored) = (sum + loss.Sum, scored + loss.LabelCount);
                    progress?.Report(scored);
                }
            }
        }

        return PerplexityResult.Of(sum, scored, "no document is long enough");
    }

    // The label of each token is the one after it, where this window is the first to see that.
    private static (int[] Ids, int[] Labels) Row(int[] document, ScoringWindow window, int? beginToken)
    {
        int[] ids = beginToken is { } begin ? [begin, .. document.AsSpan(window.First..window.End)] : document[window.First..window.End];
        var labels = new int[ids.Length];
        Array.Fill(labels, PackedRows.Ignored);
        for (var token = window.FirstScored; token < window.End; token++)
        {
            var before = token - window.First - 1 + (beginToken is null ? 0 : 1);
            if (before >= 0)
            {
                labels[before] = document[token];
            }
        }

        return (ids, labels);
    }
}
