using System.Diagnostics;
using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>What a cell of the grid came to.</summary>
/// <param name="Length">Tokens of haystack.</param>
/// <param name="Depth">Per cent.</param>
/// <param name="Samples">Asked.</param>
/// <param name="Score">Share of samples whose every token was right: EasyContext's strict score.</param>
/// <param name="PartialCredit">Share of the answers' tokens that were right.</param>
/// <param name="Needle">Of the last sample.</param>
/// <param name="Response">To the last sample.</param>
/// <param name="Seconds">For the cell.</param>
public sealed record NeedleScore(int Length, double Depth, int Samples, double Score, double PartialCredit, string Needle, string Response, double Seconds)
{
    /// <summary>Asks all samples of a cell.</summary>
    /// <param name="ask">What the model says in place of each token of a sample's answer.</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="haystack">Tokenised by it.</param>
    /// <param name="options">The test.</param>
    /// <param name="length">Tokens of haystack.</param>
    /// <param name="depth">Per cent.</param>
    /// <param name="stop">Ends between two samples.</param>
    public static NeedleScore Of(
        Func<NeedlePrompt, int[]> ask, ITokenizer tokenizer, Haystack haystack, NeedleOptions options, int length, double depth, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(ask);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(options);
        var clock = Stopwatch.StartNew();
        var (whole, right, asked, needle, response) = (0, 0, 0, "", "");
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
        }

        return new NeedleScore(length, depth, options.Samples, (double)whole / options.Samples, (double)right / asked, needle, response, clock.Elapsed.TotalSeconds);
    }
}
