namespace ActorRing.Compute.Tokenizers.Patterns;

/// <summary>Reads bracketed classes: ranges, escapes, nested classes (their union) and <c>&amp;&amp;</c> (intersection).</summary>
internal sealed class PatternClassParser(PatternReader reader)
{
    private const int MaxDepth = 16;
    private int depth;

    /// <summary>Whether all that was read so far names characters below U+0080 one by one or in ranges.</summary>
    public bool IsAscii { get; private set; } = true;

    /// <summary>Reads a class whose opening bracket has been taken.</summary>
    public Func<int, bool> Parse()
    {
        if (++depth > MaxDepth) throw reader.Refused($"classes nested more than {MaxDepth} deep");
        var negated = reader.TryTake("^");
        IsAscii &= !negated;
        Func<int, bool>? intersection = null;
        var union = new List<Func<int, bool>>();
        for (var isFirst = true; ; isFirst = false)
        {
            if (reader.AtEnd) throw reader.Refused("[ without ]");
            if (!isFirst && reader.TryTake("]")) break;
            if (reader.TryTake("&&"))
            {
                intersection = Both(intersection, Union(union));
                union = [];
            }
            else if (reader.TryTake("[:"))
            {
                throw reader.Refused("POSIX bracket '[:'");
            }
            else
            {
                union.Add(reader.TryTake("[") ? Parse() : Item());
            }
        }

        depth--;
        var members = Both(intersection, Union(union));
        return negated ? rune => !members(rune) : members;
    }

    private Func<int, bool> Item()
    {
        var first = SetOrRune(out var set);
        if (reader.Next != '-') return set ?? (rune => rune == first);

        reader.At++;
        if (reader.Next == ']')
        {
            reader.At--;
            return set ?? (rune => rune == first);
        }

        var last = SetOrRune(out var lastSet);
        if (set is not null || lastSet is not null || reader.AtEnd) throw reader.Refused("a range with a set at one end");
        if (last < first) throw reader.Refused("a range that runs backwards");
        return rune => rune >= first && rune <= last;
    }

    private int SetOrRune(out Func<int, bool>? set)
    {
        set = null;
        if (reader.Next == '[') throw reader.Refused("a range with a class at one end");
        if (!reader.TryTake("\\")) return Noted(reader.TakeRune());
        if (reader.TryTake("b")) return '\b';
        set = reader.TryTakeSetEscape(inClass: true);
        if (set is null) return Noted(reader.TakeRuneEscape());
        IsAscii = false;
        return -1;
    }

    private int Noted(int rune)
    {
        IsAscii &= rune < 0x80;
        return rune;
    }

    private Func<int, bool> Union(List<Func<int, bool>> parts)
    {
        if (parts.Count == 0) throw reader.Refused("an empty class");
        var all = parts.ToArray();
        return all.Length == 1 ? all[0] : rune => Array.Exists(all, part => part(rune));
    }

    private static Func<int, bool> Both(Func<int, bool>? left, Func<int, bool> right) =>
        left is null ? right : rune => left(rune) && right(rune);
}
