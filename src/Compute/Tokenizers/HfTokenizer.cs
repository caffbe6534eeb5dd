using System.Globalization;
using System.Text;
using ActorRing.Compute.Tokenizers.AddedTokens;
using ActorRing.Compute.Tokenizers.Decoders;
using ActorRing.Compute.Tokenizers.Models;
using ActorRing.Compute.Tokenizers.Normalizers;
using ActorRing.Compute.Tokenizers.PostProcessors;
using ActorRing.Compute.Tokenizers.PreTokenizers;
using ActorRing.Compute.Tokenizers.Reading;

namespace ActorRing.Compute.Tokenizers;

/// <summary>
/// The tokenizer of a Hugging Face <c>tokenizer.json</c> with a BPE model: added tokens, normalizer, pre-tokenizer, model, post-processor, decoder.
/// Gives the ids and texts of the Rust library <c>tokenizers</c> 0.23.
/// </summary>
/// <remarks>
/// <para>Cost: several MB of text a second on one core; memory for one text grows with its length, what is kept between calls is bounded.</para>
/// <para>
/// Differs from that library in two ways. Its normalizers and its Punctuation know an older Unicode, so that code points assigned since then
/// (a few hundred, mostly marks of historic scripts) are normalised here and not there. And it does not skip a special token whose
/// normalised form differs from its content; here every special token is skipped when asked.
/// </para>
/// </remarks>
public sealed class HfTokenizer : ITokenizer
{
    private readonly TokenizerParts parts;
    private readonly AddedTokenFinder rawTokens;
    private readonly AddedTokenFinder normalizedTokens;
    private readonly BpeModel model;
    private readonly Dictionary<int, string> tokens;
    private readonly HashSet<int> specialIds;

    private HfTokenizer(TokenizerParts parts, int? bosId, int? eosId)
    {
        this.parts = parts;
        (BosId, EosId) = (bosId, eosId);
        model = new BpeModel(parts.Model);
        rawTokens = new AddedTokenFinder(parts.AddedTokens.Where(token => !token.IsNormalized));
        normalizedTokens = new AddedTokenFinder(parts.AddedTokens.Where(token => token.IsNormalized));
        tokens = parts.Model.Ids.ToDictionary(entry => entry.Value, entry => entry.Key);

        // Decoders undo what the normalizer did, so they are given the normalised form of a token that is looked for in it.
        foreach (var token in parts.AddedTokens) tokens[token.Id] = token.Pattern;
        specialIds = [.. parts.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Id)];
        VocabularySize = tokens.Count == 0 ? 0 : tokens.Keys.Max() + 1;
    }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public int? BosId { get; }

    /// <inheritdoc/>
    public int? EosId { get; }

    /// <summary>
    /// Reads <c>tokenizer.json</c>, and from <c>tokenizer_config.json</c> or <c>special_tokens_map.json</c> beside it the names of the begin and end
    /// tokens; the Llama and Gemma classes of transformers also take from there whether encoding adds them.
    /// </summary>
    /// <param name="tokenizerJsonPath">Path of the file. Its settings for truncation and padding are not applied.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is not JSON, or holds a key, value or pattern syntax that this reader does not know; one line names file, key, value and what is allowed.
    /// </exception>
    /// <exception cref="InvalidOperationException">The process runs without Unicode data and the tokenizer needs normalisation.</exception>
    public static HfTokenizer Load(string tokenizerJsonPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(tokenizerJsonPath);
        var parts = TokenizerFile.Read(tokenizerJsonPath);
        var marks = SequenceMarks.Read(tokenizerJsonPath, parts);
        return new HfTokenizer(parts with { Template = marks.Template ?? parts.Template }, marks.BosId, marks.EosId);
    }

    /// <inheritdoc/>
    public int[] Encode(string text, bool addSpecialTokens)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length / 3);
        if (addSpecialTokens) ids.AddRange(parts.Template.Before);
        var wellFormed = WellFormed(text);
        foreach (var span in rawTokens.Cut(wellFormed))
        {
            if (span.Token is { } token) ids.Add(token.Id);
            else EncodeStretch(wellFormed[span.Start..span.End], span.Start == 0, ids);
        }

        if (addSpecialTokens) ids.AddRange(parts.Template.After);
        return [.. ids];
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        var strings = new List<string>(ids.Length);
        foreach (var id in ids)
        {
            if (!tokens.TryGetValue(id, out var token))
            {
                var message = string.Create(CultureInfo.InvariantCulture, $"token id {id} is not in the vocabulary of {VocabularySize}");
                throw new ArgumentOutOfRangeException(nameof(ids), message);
            }

            if (!skipSpecialTokens || !specialIds.Contains(id)) strings.Add(token);
        }

        return parts.Decoder is { } decoder ? string.Concat(decoder.Apply(strings)) : string.Join(' ', strings);
    }

    private void EncodeStretch(string stretch, bool atOrigin, List<int> ids)
    {
        var text = parts.Normalizer is { } normalizer ? normalizer.Apply(stretch, ref atOrigin) : stretch;
        foreach (var span in normalizedTokens.Cut(text))
        {
            if (span.Token is { } token)
            {
                ids.Add(token.Id);
                continue;
            }

            List<Piece> pieces = [new Piece(text, span.Start, span.End - span.Start, atOrigin && span.Start == 0)];
            if (parts.PreTokenizer is { } preTokenizer) pieces = preTokenizer.Apply(pieces);
            foreach (var piece in pieces) model.Encode(piece.Span, ids);
        }
    }

    private static string WellFormed(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (!char.IsSurrogate(text[at])) continue;
            if (at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1])) at++;
            else return string.Concat(text.EnumerateRunes().Select(rune => rune.ToString()));
        }

        return text;
    }
}
