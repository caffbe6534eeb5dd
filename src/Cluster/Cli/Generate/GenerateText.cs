using System.Diagnostics;
using System.Text;
using System.Text.Json;
using ActorRing.Compute.Inference;
using ActorRing.Compute.Tokenizers;

namespace ActorRing.Cluster.Cli.Generate;

/// <summary>The text as it comes: printed at once, or kept for a report.</summary>
/// <param name="tokenizer">Of the model.</param>
/// <param name="prompt">Its ids.</param>
/// <param name="isQuiet">Whether nothing is printed until the end.</param>
internal sealed class GenerateText(ITokenizer tokenizer, int[] prompt, bool isQuiet)
{
    private readonly StreamedText _stream = new(tokenizer, prompt);
    private readonly StringBuilder _text = new();
    private readonly List<int> _tokens = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _prefilled;

    internal void OnPrefilled() => _prefilled = _clock.Elapsed;

    internal void OnToken(int token)
    {
        _tokens.Add(token);
        Put(_stream.Add(token));
    }

    /// <summary>Prints what is left, and ends the line.</summary>
    internal void End()
    {
        Put(_stream.End());
        if (!isQuiet && _text.Length > 0)
        {
            Console.Out.WriteLine();
        }
    }

    /// <summary>Everything as JSON; seconds include loading the model before the prompt is done.</summary>
    internal string Json(GenerationEnd end, int ranks, string mode) => JsonSerializer.Serialize(new
    {
        text = _text.ToString(),
        tokens = _tokens,
        prompt_tokens = prompt.Length,
        new_tokens = _tokens.Count,
        end = end switch { GenerationEnd.EndToken => "end token", GenerationEnd.Length => "length", _ => "stopped" },
        ranks,
        mode = ranks > 1 ? mode : null,
        seconds_to_first_token = _prefilled.TotalSeconds,
        seconds_decoding = (_clock.Elapsed - _prefilled).TotalSeconds,
    });

    private void Put(string piece)
    {
        _text.Append(piece);
        if (!isQuiet)
        {
            Console.Out.Write(piece);
            Console.Out.Flush();
        }
    }
}
