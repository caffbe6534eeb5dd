using System.Globalization;
using System.Text;

namespace ActorRing.Compute.Tokenizers.Patterns;

/// <summary>A position in a pattern, and the pieces of syntax that classes and sequences share.</summary>
internal sealed class PatternReader(string pattern)
{
    public int At { get; set; }

    public bool AtEnd => At >= pattern.Length;

    /// <summary>The character at the position, or NUL at the end.</summary>
    public char Next => AtEnd ? '\0' : pattern[At];

    public bool TryTake(string token)
    {
        if (string.CompareOrdinal(pattern, At, token, 0, token.Length) != 0) return false;
        At += token.Length;
        return true;
    }

    public string Since(int start) => pattern[start..At];

    public int TakeRune()
    {
        if (!Rune.TryGetRuneAt(pattern, At, out var rune)) throw Refused("an unpaired surrogate");
        At += rune.Utf16SequenceLength;
        return rune.Value;
    }

    public string TakeBraced()
    {
        if (!TryTake("{")) throw Refused("a property without { }");
        var end = pattern.IndexOf('}', At);
        if (end < 0) throw Refused("{ without }");
        var name = pattern[At..end];
        At = end + 1;
        return name;
    }

    /// <summary>Reads what follows a backslash if it stands for a set of code points.</summary>
    public Func<int, bool>? TryTakeSetEscape(bool inClass)
    {
        switch (Next)
        {
            case 's': return Taken(RuneProperty.IsSpace);
            case 'S': return Taken(rune => !RuneProperty.IsSpace(rune));
            case 'd': return Taken(RuneProperty.IsDigit);
            case 'D': return Taken(rune => !RuneProperty.IsDigit(rune));
            case 'w': return Taken(inClass ? RuneProperty.IsWord : RuneProperty.IsWordAlone);
            case 'W': return Taken(inClass ? rune => !RuneProperty.IsWord(rune) : rune => !RuneProperty.IsWordAlone(rune));
            case 'h': return Taken(IsHex);
            case 'H': return Taken(rune => !IsHex(rune));
            case 'p' or 'P':
                var negated = Next == 'P';
                At++;
                var name = TakeBraced();
                if (name.StartsWith('^')) (negated, name) = (!negated, name[1..]);
                var property = RuneProperty.Find(name) ?? throw Refused($"property '{name}'; allowed: {RuneProperty.AllowedNames}");
                return negated ? rune => !property(rune) : property;
            default: return null;
        }
    }

    /// <summary>Reads what follows a backslash if it stands for one code point.</summary>
    public int TakeRuneEscape()
    {
        if (AtEnd) throw Refused("a backslash at the end");
        switch (Next)
        {
            case 'n': return Taken('\n');
            case 'r': return Taken('\r');
            case 't': return Taken('\t');
            case 'f': return Taken('\f');
            case 'v': return Taken('\v');
            case 'a': return Taken('\a');
            case 'e': return Taken('\u001B');
            case 'x':
                At++;
                return Next == '{' ? Hex(TakeBraced()) : Hex(TakeDigits(2));
            case 'u':
                At++;
                return Hex(TakeDigits(4));
            case >= '0' and <= '9' or >= 'a' and <= 'z' or >= 'A' and <= 'Z':
                throw Refused($"escape '\\{Next}'");
            default: return TakeRune();
        }
    }

    public FormatException Refused(string what) =>
        new(string.Create(CultureInfo.InvariantCulture, $"unsupported syntax at character {At} of the pattern: {what}"));

    private T Taken<T>(T value)
    {
        At++;
        return value;
    }

    private Func<int, bool> Taken(Func<int, bool> value) => Taken<Func<int, bool>>(value);

    private string TakeDigits(int count)
    {
        if (At + count > pattern.Length) throw Refused("an escape that ends too early");
        At += count;
        return pattern[(At - count)..At];
    }

    private int Hex(string digits) =>
        int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var rune) && Rune.IsValid(rune)
            ? rune
            : throw Refused($"code point '{digits}'");

    private static bool IsHex(int rune) => rune < 0x80 && char.IsAsciiHexDigit((char)rune);
}
