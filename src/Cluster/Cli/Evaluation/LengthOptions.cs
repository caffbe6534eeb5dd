using System.CommandLine;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Evaluation;

/// <summary>The lengths at which a model is scored: listed, or from a least to a greatest one, doubled or in steps.</summary>
internal sealed class LengthOptions
{
    private const int Greatest = 1 << 30;

    private readonly Option<string?> _lengths = new("--lengths") { Description = "Tokens of context, by commas: scores each document on its own at each of them." };
    private readonly Option<int> _min = NumberOption.Of("--min-tokens", "The first of several lengths; 256 if only --max-tokens is given.", 0, 2, Greatest);
    private readonly Option<int> _max = NumberOption.Of("--max-tokens", "The greatest length at most; 8192 if only --min-tokens is given. Lengths double without --tokens-step.", 0, 2, Greatest);
    private readonly Option<int> _step = NumberOption.Of("--tokens-step", "Tokens from length to length.", 0, 1, Greatest);

    internal void AddTo(Command command)
    {
        command.Add(_lengths);
        command.Add(_min);
        command.Add(_max);
        command.Add(_step);
    }

    /// <summary>The lengths, none where no option asks for any.</summary>
    internal int[] Of(ParseResult result)
    {
        var (min, max, step) = (result.GetValue(_min), result.GetValue(_max), result.GetValue(_step));
        if (result.GetValue(_lengths) is { } text)
        {
            return min == 0 && max == 0 && step == 0 ? NumberLists.Lengths(_lengths.Name, text, least: 2) : throw new UsageException("allowed: either --lengths or --min-tokens, --max-tokens and --tokens-step");
        }

        if (min == 0 && max == 0)
        {
            return step == 0 ? [] : throw new UsageException($"--tokens-step is {step} without lengths, allowed: with --min-tokens or --max-tokens");
        }

        (min, max) = (min == 0 ? Math.Min(256, max) : min, max == 0 ? Math.Max(8192, min) : max);
        return min <= max ? [.. Series(min, max, step)] : throw new UsageException($"--min-tokens is {min}, allowed: up to {max}, --max-tokens");
    }

    private static IEnumerable<int> Series(int min, int max, int step)
    {
        for (long length = min; length <= max; length += step > 0 ? step : length)
        {
            yield return (int)length;
        }
    }
}
