using System.Text;

namespace ActorRing.Compute.Tokenizers.Decoders;

/// <summary>Joins all tokens as bytes of the byte alphabet and reads them as UTF-8; what is no UTF-8 becomes U+FFFD.</summary>
internal sealed class ByteLevelDecoder : TokenDecoder
{
    public override List<string> Apply(List<string> tokens)
    {
        var bytes = new MemoryStream();
        foreach (var token in tokens) Write(token, bytes);
        return [Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length)];
    }

    private static void Write(string token, MemoryStream bytes)
    {
        // A token with a character outside the alphabet, as added tokens may have, stands for itself.
        if (!token.All(character => ByteAlphabet.ToByte(character) >= 0))
        {
            bytes.Write(Encoding.UTF8.GetBytes(token));
            return;
        }

        foreach (var character in token) bytes.WriteByte((byte)ByteAlphabet.ToByte(character));
    }
}
