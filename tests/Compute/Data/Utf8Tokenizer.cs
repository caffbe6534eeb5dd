using System.Text;
using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Specs.Data;

/// <summary>One id a byte, with or without BOS 256 and EOS 257; counts how often it was asked.</summary>
internal sealed class Utf8Tokenizer(bool hasSpecials) : ITokenizer
{
    public int Calls { get; private set; }

    public int VocabularySize => 258;

    public int? BosId => hasSpecials ? 256 : null;

    public int? EosId => hasSpecials ? 257 : null;

    public int[] Encode(string text, bool addSpecialTokens)
    {
        Assert.False(addSpecialTokens);
        Calls++;
        return [.. Encoding.UTF8.GetBytes(text).Select(b => (int)b)];
    }

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        var bytes = new List<byte>();
        foreach (var id in ids)
        {
            if (id < 256) bytes.Add((byte)id);
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
