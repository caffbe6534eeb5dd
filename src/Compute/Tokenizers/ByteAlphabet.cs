using System.Collections.Immutable;
using System.Text;

namespace ActorRing.Compute.Tokenizers;

/// <summary>
/// The byte-level alphabet of GPT-2: a printable character for each byte. Printable Latin-1 bytes stand for themselves,
/// the other 68 take U+0100 and up in byte order.
/// </summary>
internal static class ByteAlphabet
{
    private const int LastCharacter = 0x100 + 67;

    private static readonly ImmutableArray<char> CharacterOfByte = Characters();
    private static readonly ImmutableArray<short> ByteOfCharacter = Bytes();

    public static char ToCharacter(byte value) => CharacterOfByte[value];

    /// <returns>The byte, or -1 when <paramref name="character"/> is not in the alphabet.</returns>
    public static int ToByte(char character) => character <= LastCharacter ? ByteOfCharacter[character] : -1;

    /// <summary>Appends the UTF-8 bytes of <paramref name="text"/> as characters of the alphabet.</summary>
    public static void Append(ReadOnlySpan<char> text, StringBuilder target)
    {
        Span<byte> utf8 = stackalloc byte[4];
        for (var at = 0; at < text.Length;)
        {
            if (text[at] < 0x80)
            {
                target.Append(CharacterOfByte[text[at++]]);
                continue;
            }

            _ = Rune.DecodeFromUtf16(text[at..], out var rune, out var consumed);
            at += consumed;
            foreach (var value in utf8[..rune.EncodeToUtf8(utf8)]) target.Append(CharacterOfByte[value]);
        }
    }

    private static bool IsPrintable(int value) => value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE and <= 0xFF;

    private static ImmutableArray<char> Characters()
    {
        var next = 0x100;
        return [.. Enumerable.Range(0, 256).Select(value => (char)(IsPrintable(value) ? value : next++))];
    }

    private static ImmutableArray<short> Bytes()
    {
        var bytes = new short[LastCharacter + 1];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < 256; value++) bytes[CharacterOfByte[value]] = (short)value;
        return [.. bytes];
    }
}
