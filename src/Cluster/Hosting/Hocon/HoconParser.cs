using System.Collections.Immutable;
using System.Text;

namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>
/// Words to nodes, for one file. Substitutions stay unfollowed: their targets may lie in a later line or another layer. Of HOCON it leaves out
/// <c>url(...)</c>, <c>classpath(...)</c>, <c>package(...)</c> and arrays from the environment.
/// </summary>
/// <param name="text">The whole file.</param>
/// <param name="source">Its name in messages.</param>
/// <param name="firstLine">1, or 0 for an argument, which has no lines.</param>
/// <param name="place">Where its root lies in the tree: the root, or the including object; null for an object in a list, which has no path.</param>
/// <param name="limits">What it may cost.</param>
/// <param name="include">Reads an included file; null result for one that is absent and not required.</param>
internal sealed class HoconParser(string text, string source, int firstLine, HoconPath? place, HoconLimits limits, HoconParser.Include include)
{
    private readonly HoconScanner scanner = new(text, source, firstLine);
    private int depth;

    /// <summary>Reads an included file.</summary>
    /// <param name="at">The include statement.</param>
    /// <param name="name">The file as written there.</param>
    /// <param name="required">Whether its absence is an error.</param>
    /// <param name="place">Where the including object lies; null in a list.</param>
    internal delegate ObjectNode? Include(HoconPosition at, string name, bool required, HoconPath? place);

    /// <summary>A whole file: an object, with or without its braces.</summary>
    public ObjectNode ParseFile()
    {
        scanner.SkipToContent();
        if (scanner.Peek() == '[') throw scanner.Error("the file is a list; it must be an object");
        var root = new ObjectNode(scanner.Here);
        if (scanner.TrySkip("{"))
        {
            ParseFields(root, place, opened: scanner.Here);
            scanner.SkipToContent();
            if (!scanner.AtEnd) throw scanner.Error($"{scanner.Found()} after the closing '}}' of the file");
        }
        else
        {
            ParseFields(root, place, opened: null);
        }

        return root;
    }

    /// <summary>One value and nothing else, as an argument of the command line gives it.</summary>
    public HoconNode ParseWholeValue(HoconPath field)
    {
        scanner.SkipToContent();
        var value = ParseValue(field, field);
        scanner.SkipToContent();
        return scanner.AtEnd ? value : throw scanner.Error($"{scanner.Found()} after the value");
    }

    /// <summary>A dotted path and nothing else.</summary>
    public HoconPath ParseWholePath()
    {
        var path = ParsePath();
        return scanner.AtEnd ? path : throw scanner.Error($"{scanner.Found()} in the key; write such a key in quotes");
    }

    private void ParseFields(ObjectNode target, HoconPath? path, HoconPosition? opened)
    {
        Enter();
        scanner.SkipToContent();
        while (true)
        {
            if (scanner.AtEnd) { if (opened is { } start) throw new HoconException(start, "'{' without its '}'"); break; }
            if (scanner.Peek() == '}')
            {
                if (opened is null) throw scanner.Error("'}' without its '{'");
                scanner.Skip();
                break;
            }

            ParseField(target, path);
            ParseSeparator('}', "field");
        }

        depth--;
    }

    private void ParseSeparator(char close, string what)
    {
        var newLine = scanner.SkipToContent();
        if (scanner.TrySkip(","))
        {
            scanner.SkipToContent();
            if (scanner.Peek() == ',') throw scanner.Error($"two commas without a {what} between them");
        }
        else if (!newLine && !scanner.AtEnd && scanner.Peek() != close)
        {
            throw scanner.Error($"{scanner.Found()} after a {what}; allowed: a comma, a new line or '{close}'");
        }
    }

    private void ParseField(ObjectNode target, HoconPath? path)
    {
        var at = scanner.Here;
        if (scanner.At("include") && !IsKeyPart(scanner.Peek("include".Length)))
        {
            ParseInclude(target, path, at);
            return;
        }

        var keys = ParsePath();
        if (keys.Keys.Length + depth > limits.Depth) throw new HoconException(at, $"objects nest deeper than {limits.Depth}");
        var field = path?.Then(keys);
        var append = scanner.TrySkip("+=");
        if (!append && scanner.Peek() != '{' && !scanner.TrySkip("=") && !scanner.TrySkip(":"))
            throw new HoconException(at, $"key {HoconText.Quote(keys.ToString())} is followed by {scanner.Found()}; allowed: '=', ':', '+=' or '{{'");
        scanner.SkipToContent();
        var value = ParseValue(field, field);
        HoconLayers.Set(target, path, keys.Keys.AsSpan(), at, value, append);
    }

    // 'include' starts a statement unless it is only the start of a longer key.
    private static bool IsKeyPart(char next) => next is '.' or '-' or '_' || char.IsLetterOrDigit(next);

    private void ParseInclude(ObjectNode target, HoconPath? path, HoconPosition at)
    {
        scanner.Skip("include".Length);
        scanner.SkipSpaces();
        var required = scanner.TrySkip("required(");
        scanner.SkipSpaces();
        var file = scanner.TrySkip("file(");
        scanner.SkipSpaces();
        if (scanner.Peek() != '"')
            throw scanner.Error("include must be followed by \"FILE\", file(\"FILE\") or required(\"FILE\"); a key of that name needs quotes");
        var name = scanner.ReadQuoted();
        for (var open = (required ? 1 : 0) + (file ? 1 : 0); open > 0; open--)
        {
            scanner.SkipSpaces();
            if (!scanner.TrySkip(")")) throw scanner.Error($"{scanner.Found()} in an include; ')' is missing");
        }

        if (include(at, name, required, path) is { } included) HoconLayers.Merge(target, path, included);
    }

    private HoconNode ParseValue(HoconPath? field, HoconPath? owner)
    {
        var at = scanner.Here;
        var parts = new List<HoconNode>();
        while (true)
        {
            var spaceAt = scanner.Here;
            var space = scanner.SkipSpaces();
            if (scanner.AtEnd || scanner.Peek() is '\n' or ',' or '}' or ']' || scanner.AtComment) break;
            if (parts.Count > 0 && space.Length > 0) parts.Add(new SpaceNode(spaceAt, space));
            parts.Add(ParsePart(field, owner));
        }

        return parts.Count switch
        {
            0 => throw new HoconException(at, $"{scanner.Found()} where a value was expected"),
            1 => parts[0],
            _ => HoconLayers.Concatenate(at, parts, field),
        };
    }

    private HoconNode ParsePart(HoconPath? field, HoconPath? owner)
    {
        var at = scanner.Here;
        if (scanner.TrySkip("{"))
        {
            var value = new ObjectNode(at);
            ParseFields(value, field, at);
            return value;
        }

        if (scanner.TrySkip("[")) return ParseArray(at, owner);
        if (scanner.TrySkip("${")) return ParseSubstitution(at, owner);
        if (scanner.Peek() == '"') return new ScalarNode(at, scanner.ReadQuoted(), quoted: true);
        var unquoted = scanner.ReadUnquoted(stopAtDot: false);
        return unquoted.Length > 0
            ? new ScalarNode(at, unquoted, quoted: false)
            : throw scanner.Error($"{scanner.Found()} in a value; text with this character must be in quotes");
    }

    private ArrayNode ParseArray(HoconPosition at, HoconPath? owner)
    {
        Enter();
        var items = new List<HoconNode>();
        scanner.SkipToContent();
        while (!scanner.TrySkip("]"))
        {
            if (scanner.AtEnd) throw new HoconException(at, "'[' without its ']'");
            items.Add(ParseValue(field: null, owner));
            ParseSeparator(']', "list item");
        }

        depth--;
        return new ArrayNode(at, items);
    }

    private SubstitutionNode ParseSubstitution(HoconPosition at, HoconPath? owner)
    {
        var optional = scanner.TrySkip("?");
        var written = ParsePath();
        if (!scanner.TrySkip("}")) throw new HoconException(
            at, $"substitution of {HoconText.Quote(written.ToString())} meets {scanner.Found()}; '}}' is missing");
        return new SubstitutionNode(at, place?.Then(written) ?? written, written, optional, owner);
    }

    /// <summary>Keys joined by dots; stops before anything that cannot be a part of one.</summary>
    private HoconPath ParsePath()
    {
        var at = scanner.Here;
        var keys = ImmutableArray.CreateBuilder<string>();
        var key = new StringBuilder();
        var quoted = false;
        while (true)
        {
            var space = scanner.SkipSpaces();
            if (scanner.Peek() == '"')
            {
                key.Append(key.Length > 0 ? space : "").Append(scanner.ReadQuoted());
                quoted = true;
                continue;
            }

            var part = scanner.ReadUnquoted(stopAtDot: true);
            if (part.Length > 0)
            {
                key.Append(key.Length > 0 ? space : "").Append(part);
                continue;
            }

            if (key.Length == 0 && !quoted)
                throw new HoconException(at, $"{scanner.Found()} where a key was expected");
            keys.Add(key.ToString());
            if (keys.Count > limits.Depth) throw new HoconException(at, $"a key of more than {limits.Depth} parts");
            if (!scanner.TrySkip(".")) return new HoconPath(keys.ToImmutable());
            key.Clear();
            quoted = false;
        }
    }

    private void Enter()
    {
        if (++depth > limits.Depth) throw scanner.Error($"objects and lists nest deeper than {limits.Depth}");
    }
}
