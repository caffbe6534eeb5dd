using System.Text;

namespace ActorRing.Actors.Ids;

/// <summary>Bytes as lower-case hexadecimal digits.</summary>
internal static class Hex
{
    internal static string Of(ReadOnlySpan<byte> bytes)
    {
        const string Digits = "0123456789abcdef";
        var text = new StringBuilder(2 * bytes.Length);
        foreach (var value in bytes)
        {
            text.Append(Digits[value >> 4]).Append(Digits[value & 15]);
        }

        return text.ToString();
    }
}
