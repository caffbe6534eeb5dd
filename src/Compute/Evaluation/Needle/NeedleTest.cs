using System.Diagnostics;
using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>A model that is asked, cell by cell.</summary>
/// <param name="model">Its name.</param>
/// <param name="tokenizer">Of the model.</param>
/// <param name="haystack">Tokenised by it.</param>
/// <param name="options">What is asked.</param>
/// <param name="time">What stands in the cells.</param>
public sealed class NeedleTest(string model, ITokenizer tokenizer, Haystack haystack, NeedleOptions options, TimeProvider time)
{
    /// <summary>Asks all samples of a cell. The score is EasyContext's: the share of samples whose every token was right.</summary>
    /// <param name="ask">What the model says in place of each token of a sample's answer.</param>
    /// <param name="write">What the model writes freely after a sample's question; null where only the strict score is wanted.</param>
    /// <param name="length">Tokens of haystack.</param>
    /// <param name="depth">Per cent.</param>
    /// <param name="stop">Ends between two samples.</param>
    public NeedleCell Cell(Func<NeedlePrompt, int[]> ask, Func<NeedlePrompt, IReadOnlyList<int>>? write, int length, double depth, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(ask);
        var started = Stopwatch.GetTimestamp();
        var (whole, right, asked, free, needle, response) = (0, 0, 0, 0, "", "");
        string? written = null;
        for (var sample = 0; sample < options.Samples; sample++)
        {
            stop.ThrowIfCancellationRequested();
            var prompt = NeedlePrompt.Make(tokenizer, haystack, options, length, depth, sample);
            var answer = prompt.Tokens[^prompt.AnswerTokens..];
            var said = ask(prompt);
            var matches = answer.Zip(said).Count(pair => pair.First == pair.Second);
            whole += matches == answer.Length ? 1 : 0;
            (right, asked) = (right + matches, asked + answer.Length);
            (needle, response) = (prompt.Needle.Trim(), tokenizer.Decode(said, skipSpecialTokens: false).Trim());
            if (write is not null)
            {
                written = tokenizer.Decode([.. write(prompt)], skipSpecialTokens: true).Trim();
                free += NeedleWording.NumberIn(written) == prompt.Number ? 1 : 0;
            }
        }

        return new NeedleCell
        {
            Model = model,
            ContextLength = length,
            DepthPercent = depth,
            Needle = needle,
            ModelResponse = response,
            Score = (double)whole / options.Samples,
            PartialCredit = (double)right / asked,
            FreeScore = write is null ? null : (double)free / options.Samples,
            FreeResponse = written,
            Samples = options.Samples,
            TestDurationSeconds = Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 3),
            TestTimestampUtc = time.GetUtcNow().UtcDateTime,
        };
    }
}
