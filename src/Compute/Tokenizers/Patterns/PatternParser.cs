using System.Globalization;

namespace ActorRing.Compute.Tokenizers.Patterns;

/// <summary>
/// Reads the part of Oniguruma's Ruby syntax that tokenizer files use. Everything else is refused by name, since a pattern
/// that is nearly right gives wrong tokens silently.
/// </summary>
internal sealed class PatternParser
{
    private const int MaxDepth = 64;
    private const long MaxSize = 4096;
    private const int MaxCount = 1000;
    private const int AsciiEnd = 0x80;

    // Under (?i: ) Oniguruma also lets these pairs of ASCII letters stand for one ligature or sharp s.
    private static readonly string[] FoldedPairs = ["ff", "fi", "fl", "ss", "st"];

    private readonly PatternReader reader;
    private readonly Dictionary<(string Source, bool IgnoreCase), RuneSet> sets = [];
    private bool ignoreCase;
    private int depth;

    public PatternParser(string pattern) => reader = new PatternReader(pattern);

    public PatternTree Parse()
    {
        var tree = Choice();
        if (!reader.AtEnd) throw reader.Refused("')' without '('");
        return Size(tree) <= MaxSize ? tree : throw reader.Refused($"repeated groups that unroll to more than {MaxSize} parts");
    }

    private PatternTree Choice()
    {
        if (++depth > MaxDepth) throw reader.Refused($"groups nested more than {MaxDepth} deep");
        var branches = new List<PatternTree> { Run() };
        while (reader.TryTake("|")) branches.Add(Run());
        depth--;
        return branches.Count == 1 ? branches[0] : new PatternTree.Choice(branches);
    }

    private PatternTree.Run Run()
    {
        var parts = new List<PatternTree>();
        var previous = -1;
        while (!reader.AtEnd && reader.Next is not ('|' or ')'))
        {
            var literal = -1;
            var atom = Atom(ref literal);
            if (ignoreCase && previous >= 0 && literal >= 0 && Array.IndexOf(FoldedPairs, $"{(char)(previous | 32)}{(char)(literal | 32)}") >= 0)
                throw reader.Refused($"'{(char)previous}{(char)literal}' under (?i: ), which also stands for a single letter");
            var quantified = Quantified(atom);
            previous = ReferenceEquals(atom, quantified) ? literal : -1;
            parts.Add(quantified);
        }

        return new PatternTree.Run(parts);
    }

    private PatternTree Atom(ref int literal)
    {
        var start = reader.At;
        switch (reader.Next)
        {
            case '(':
                reader.At++;
                return Group();
            case '[':
                reader.At++;
                var parser = new PatternClassParser(reader);
                return One(start, Folded(parser.Parse(), parser.IsAscii));
            case '.':
                reader.At++;
                return One(start, rune => rune != '\n');
            case '^':
                reader.At++;
                return new PatternTree.Anchor(PatternAnchor.LineStart);
            case '$':
                reader.At++;
                return new PatternTree.Anchor(PatternAnchor.LineEnd);
            case '*' or '+' or '?':
                throw reader.Refused($"'{reader.Next}' with nothing to repeat");
            case '\\':
                reader.At++;
                if (TryTakeAnchor() is { } anchor) return new PatternTree.Anchor(anchor);
                if (reader.TryTakeSetEscape(inClass: false) is { } set) return One(start, set);
                literal = reader.TakeRuneEscape();
                break;
            default:
                literal = reader.TakeRune();
                break;
        }

        var wanted = literal;
        return One(start, Folded(rune => rune == wanted, wanted < AsciiEnd));
    }

    private PatternTree Group()
    {
        if (!reader.TryTake("?")) return Closed(Choice());
        if (reader.TryTake(":")) return Closed(Choice());
        if (reader.TryTake("=")) return new PatternTree.Look(Closed(Choice()), Ahead: true, Negated: false);
        if (reader.TryTake("!")) return new PatternTree.Look(Closed(Choice()), Ahead: true, Negated: true);
        if (reader.TryTake("<=")) return LookBehind(negated: false);
        if (reader.TryTake("<!")) return LookBehind(negated: true);
        if (reader.TryTake(">")) return new PatternTree.Atomic(Closed(Choice()));
        var isCaseless = reader.TryTake("i:");
        if (!isCaseless && !reader.TryTake("-i:"))
            throw reader.Refused("group '(?'; allowed: (?: ) (?= ) (?! ) (?<= ) (?<! ) (?> ) (?i: ) (?-i: )");
        var outer = ignoreCase;
        ignoreCase = isCaseless;
        var body = Closed(Choice());
        ignoreCase = outer;
        return body;
    }

    private PatternTree.Look LookBehind(bool negated)
    {
        var body = Closed(Choice());
        if (body.FixedLength() is null) throw reader.Refused("look-behind whose matches differ in length");
        return new PatternTree.Look(body, Ahead: false, negated);
    }

    private PatternTree Closed(PatternTree body) => reader.TryTake(")") ? body : throw reader.Refused("'(' without ')'");

    private PatternAnchor? TryTakeAnchor()
    {
        PatternAnchor? anchor = reader.Next switch
        {
            'A' => PatternAnchor.TextStart,
            'z' => PatternAnchor.TextEnd,
            'Z' => PatternAnchor.TextEndOrFinalNewline,
            'b' => PatternAnchor.WordBoundary,
            'B' => PatternAnchor.NotWordBoundary,
            _ => null,
        };
        if (anchor is not null) reader.At++;
        return anchor;
    }

    private PatternTree Quantified(PatternTree atom)
    {
        while (TryTakeCounts(out var min, out var max, out var isBraced))
        {
            var appetite = Appetite.Greedy;
            if (reader.Next == '?' && isBraced && min == max) throw reader.Refused("'?' after {n}, which means optional here and lazy elsewhere");
            if (reader.TryTake("?")) appetite = Appetite.Lazy;
            else if (!isBraced && reader.TryTake("+")) appetite = Appetite.Possessive;
            var isGroup = atom is not PatternTree.One;
            if (isGroup && max == PatternTree.Unbounded && atom.CanBeEmpty()) throw reader.Refused("an unlimited repetition of what can be empty");
            if (isGroup && (min > PatternLinker.MaxGroupTurns || (max > PatternLinker.MaxGroupTurns && max != PatternTree.Unbounded)))
                throw reader.Refused($"a group repeated more than {PatternLinker.MaxGroupTurns} times");
            atom = new PatternTree.Repeat(atom, min, max, appetite);
        }

        return atom;
    }

    private bool TryTakeCounts(out int min, out int max, out bool isBraced)
    {
        isBraced = false;
        (min, max) = reader.Next switch { '*' => (0, PatternTree.Unbounded), '+' => (1, PatternTree.Unbounded), '?' => (0, 1), _ => (-1, -1) };
        if (min >= 0)
        {
            reader.At++;
            return true;
        }

        if (reader.Next != '{') return false;
        var start = reader.At;
        isBraced = true;
        var bounds = reader.TakeBraced().Split(',');
        if (bounds.Length <= 2 && bounds.Any(bound => bound.Length > 0) && bounds.All(bound => bound.All(char.IsAsciiDigit)))
        {
            min = Count(bounds[0], 0);
            max = bounds.Length == 1 ? min : Count(bounds[1], PatternTree.Unbounded);
            return min <= max ? true : throw reader.Refused("a repetition whose bounds run backwards");
        }

        reader.At = start;
        throw reader.Refused("'{' that starts no repetition; write \\{");
    }

    private int Count(string digits, int fallback)
    {
        if (digits.Length == 0) return fallback;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= MaxCount
            ? count
            : throw reader.Refused($"more than {MaxCount} repetitions");
    }

    private PatternTree.One One(int start, Func<int, bool> members)
    {
        var source = (reader.Since(start), ignoreCase);
        if (!sets.TryGetValue(source, out var set)) sets.Add(source, set = RuneSet.Of(members));
        return new PatternTree.One(set);
    }

    private Func<int, bool> Folded(Func<int, bool> members, bool isAscii)
    {
        if (!ignoreCase) return members;
        if (!isAscii) throw reader.Refused("characters beyond ASCII under (?i: )");

        // Unicode folds two letters beyond ASCII onto ASCII ones: long s onto s, the Kelvin sign onto k.
        return rune => rune switch
        {
            0x17F => members('s') || members('S'),
            0x212A => members('k') || members('K'),
            < AsciiEnd when char.IsAsciiLetter((char)rune) => members(rune) || members(rune ^ 32),
            _ => members(rune),
        };
    }

    private static long Size(PatternTree tree) => tree switch
    {
        PatternTree.Run run => run.Parts.Sum(Size),
        PatternTree.Choice choice => choice.Branches.Sum(Size),
        PatternTree.Atomic atomic => Size(atomic.Body),
        PatternTree.Look look => Size(look.Body),
        PatternTree.Repeat { Body: PatternTree.One } => 1,
        PatternTree.Repeat repeat => Math.Min(MaxSize + 1, (repeat.Max == PatternTree.Unbounded ? repeat.Min + 1 : repeat.Max) * Size(repeat.Body)),
        _ => 1,
    };
}
