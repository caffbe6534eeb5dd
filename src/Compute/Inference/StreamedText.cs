using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Inference;

/// <summary>Tokens in, text out as soon as it is certain: a character whose bytes are spread over tokens comes out whole, with the last of them.</summary>
/// <remarks>
/// New text is what the last tokens decode to beyond what they decoded to without the new ones: tokenizers treat the start of a text in their own way (a leading blank is
/// dropped), so that tokens cannot be decoded one by one. Cost a token: decoding a few.
/// </remarks>
public sealed class StreamedText
{
    private const char Unfinished = '\uFFFD';
    private const int Context = 8;

    // A character has at most four bytes: a longer run of them is what the model wrote and not one that goes on.
    private const int LongestRun = 64;

    private readonly ITokenizer _tokenizer;
    private readonly List<int> _ids;
    private int _done;

    /// <summary>Begins after a prompt.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="prompt">Ids before the first new one.</param>
    public StreamedText(ITokenizer tokenizer, ReadOnlySpan<int> prompt)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        _ids = [.. prompt[Math.Max(0, prompt.Length - Context)..]];
        _done = _ids.Count;
    }

    /// <summary>Text that is certain now and was not before; often all of the token, sometimes nothing.</summary>
    public string Add(int token)
    {
        _ids.Add(token);
        var (text, known) = Texts();
        if (text.Length <= known || (text[^1] == Unfinished && _ids.Count - _done < LongestRun))
        {
            return "";
        }

        // What has come out serves as context only.
        var fresh = text[known..];
        _ids.RemoveRange(0, Math.Max(0, _done - Context));
        _done = _ids.Count;
        return fresh;
    }

    /// <summary>What is left when no token follows: unfinished characters as U+FFFD.</summary>
    public string End()
    {
        var (text, known) = Texts();
        _done = _ids.Count;
        return text.Length <= known ? "" : text[known..];
    }

    private (string Text, int Known) Texts()
    {
        var ids = _ids.ToArray();
        return (_tokenizer.Decode(ids, skipSpecialTokens: true), _tokenizer.Decode(ids.AsSpan(0, _done), skipSpecialTokens: true).Length);
    }
}
