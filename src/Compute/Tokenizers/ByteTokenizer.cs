using System.Globalization;
using System.Text;

namespace ActorRing.Compute.Tokenizers;

/// <summary>
/// The tokenizer of a model that has none: ids 0 to 255 are the bytes of UTF-8, 256 begins a sequence, 257 ends one.
/// With special tokens, encoding puts the begin token first, as Llama does; nothing adds the end token.
/// </summary>
public sealed class ByteTokenizer : ITokenizer
{
    private const int ByteCount = 256;
    private const int Bos = 256;
    private const int Eos = 257;

    /// <inheritdoc/>
    /// <remarks>Always 258.</remarks>
    public int VocabularySize => Eos + 1;

    /// <inheritdoc/>
    /// <remarks>Always 256.</remarks>
    public int? BosId => Bos;

    /// <inheritdoc/>
    /// <remarks>Always 257.</remarks>
    public int? EosId => Eos;

    /// <inheritdoc/>
    public int[] Encode(string text, bool addSpecialTokens)
    {
        ArgumentNullException.ThrowIfNull(text);
        var prefix = addSpecialTokens ? 1 : 0;
        var bytes = Encoding.UTF8.GetBytes(text);
        var ids = new int[bytes.Length + prefix];
        if (addSpecialTokens) ids[0] = Bos;
        for (var i = 0; i < bytes.Length; i++) ids[i + prefix] = bytes[i];
        return ids;
    }

    /// <inheritdoc/>
    /// <remarks>Bytes that are no UTF-8 become U+FFFD. Special tokens that are kept read <c>&lt;bos&gt;</c> and <c>&lt;eos&gt;</c>.</remarks>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        var text = new StringBuilder();
        var run = new List<byte>(ids.Length);
        foreach (var id in ids)
        {
            if (id is >= 0 and < ByteCount)
            {
                run.Add((byte)id);
                continue;
            }

            if (id is not (Bos or Eos))
            {
                var message = string.Create(CultureInfo.InvariantCulture, $"token id {id} is not in the vocabulary; allowed: 0 to {Eos}");
                throw new ArgumentOutOfRangeException(nameof(ids), message);
            }

            if (skipSpecialTokens) continue;
            Flush(run, text);
            text.Append(id == Bos ? "<bos>" : "<eos>");
        }

        Flush(run, text);
        return text.ToString();
    }

    private static void Flush(List<byte> run, StringBuilder text)
    {
        text.Append(Encoding.UTF8.GetString([.. run]));
        run.Clear();
    }
}
