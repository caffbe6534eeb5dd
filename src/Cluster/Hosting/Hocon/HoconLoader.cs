using System.Globalization;

namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>
/// Puts layers of settings on each other, the lowest first: reference, job file, arguments. Reads files, never the environment, which the caller
/// passes in as a function.
/// </summary>
internal sealed class HoconLoader(Func<string, string?> environment, HoconLimits? limits = null)
{
    private readonly HoconLimits limits = limits ?? new HoconLimits();
    private readonly ObjectNode root = new(new HoconPosition("settings", 0));
    private readonly List<(string FullPath, string Shown)> open = [];
    private int files;

    /// <summary>A file and what it includes.</summary>
    /// <exception cref="HoconException">The file is missing, too large, not UTF-8 or not HOCON.</exception>
    public HoconLoader AddFile(string path)
    {
        HoconLayers.Merge(root, HoconPath.Root, Read(new HoconPosition(path, 0), path, HoconPath.Root));
        return this;
    }

    /// <summary>Text that is not in a file; what it includes is looked for in the working directory.</summary>
    /// <param name="text">HOCON.</param>
    /// <param name="source">Its name in messages.</param>
    public HoconLoader AddText(string text, string source)
    {
        HoconLayers.Merge(root, HoconPath.Root, new HoconParser(text, source, firstLine: 1, HoconPath.Root, limits, Include).ParseFile());
        return this;
    }

    /// <summary>An argument such as <c>--training.steps 200</c>; a whole number as a key reaches into a list, as in <c>--stages.0.steps 5</c>.</summary>
    /// <param name="key">Dotted, without the dashes.</param>
    /// <param name="value">
    /// HOCON if it starts with <c>[</c>, <c>{</c> or <c>"</c> or holds <c>${</c>; otherwise the text itself, whatever its characters.
    /// </param>
    public HoconLoader AddOverride(string key, string value)
    {
        var at = new HoconPosition($"--{HoconText.Escape(key)}", 0);
        var path = new HoconParser(key, at.Source, firstLine: 0, HoconPath.Root, limits, Include).ParseWholePath();
        var isHocon = value.AsSpan().TrimStart() is ['[' or '{' or '"', ..] || value.Contains("${", StringComparison.Ordinal);
        HoconNode node = isHocon
            ? new HoconParser(value, at.Source, firstLine: 0, HoconPath.Root, limits, Include).ParseWholeValue(path)
            : new ScalarNode(at, value, quoted: false);
        Override(root, HoconPath.Root, path.Keys.AsSpan(), at, node);
        return this;
    }

    /// <summary>Follows every substitution.</summary>
    /// <exception cref="HoconException">A substitution has no target, or the targets go in a circle.</exception>
    public (HoconObject Root, IReadOnlyList<HoconPath> Substituted) Resolve()
    {
        var resolver = new HoconResolver(root, environment, limits);
        return (resolver.ResolveRoot(), resolver.Followed);
    }

    private static void Override(ObjectNode target, HoconPath? path, ReadOnlySpan<string> keys, HoconPosition at, HoconNode value)
    {
        var field = path?.Then(keys[0]);
        switch (target.Fields.GetValueOrDefault(keys[0]))
        {
            case ObjectNode inner when keys.Length > 1:
                Override(inner, field, keys[1..], at, value);
                break;
            case ArrayNode list when keys.Length > 1 && int.TryParse(keys[1], NumberStyles.None, CultureInfo.InvariantCulture, out var index):
                if (index >= list.Items.Count) throw new HoconException(at, $"no item {index}; {keys[0]} has {list.Items.Count}, counted from 0");

                // The item sits in an object of its own for a moment, so that it is overridden as any other field is.
                var box = new ObjectNode(at) { Fields = { [keys[1]] = list.Items[index] } };
                Override(box, null, keys[1..], at, value);
                target.Fields[keys[0]] = new ArrayNode(list.At, [.. list.Items.Take(index), box.Fields[keys[1]], .. list.Items.Skip(index + 1)]);
                break;
            default:
                HoconLayers.Set(target, path, keys, at, value, append: false);
                break;
        }
    }

    private ObjectNode? Include(HoconPosition at, string name, bool required, HoconPath? place)
    {
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
            throw new HoconException(at, $"include of {HoconText.Quote(name)}, which is no file name");
        var path = Path.Combine(open.Count == 0 ? "" : Path.GetDirectoryName(open[^1].Shown) ?? "", name);
        if (!File.Exists(path) && File.Exists(path + ".conf")) path += ".conf";
        if (File.Exists(path)) return Read(at, path, place);
        return required ? throw new HoconException(at, $"required include '{HoconText.Escape(path)}' does not exist") : null;
    }

    private ObjectNode Read(HoconPosition at, string path, HoconPath? place)
    {
        var fullPath = Path.GetFullPath(path);
        if (open.FindIndex(file => file.FullPath == fullPath) is >= 0 and var first)
            throw new HoconException(at, $"files include each other in a circle: {string.Join(" -> ", open.Skip(first).Select(file => file.Shown))} -> {path}");
        if (open.Count >= limits.IncludeDepth) throw new HoconException(at, $"files include each other more than {limits.IncludeDepth} deep");
        if (++files > limits.Files) throw new HoconException(at, $"more than {limits.Files} files are included");
        open.Add((fullPath, path));
        var parsed = new HoconParser(HoconFile.ReadText(path, limits.FileBytes), path, firstLine: 1, place, limits, Include).ParseFile();
        open.RemoveAt(open.Count - 1);
        return parsed;
    }
}
