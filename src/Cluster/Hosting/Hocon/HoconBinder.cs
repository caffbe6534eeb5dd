namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>
/// Reads a finished tree into typed settings. Keeps every error instead of stopping at the first, and knows at the end which keys nobody read.
/// </summary>
/// <param name="tree">All layers.</param>
/// <param name="substituted">Targets of substitutions: a key that only serves others is not unknown.</param>
/// <param name="referenceSource">The file of the lowest layer; what stands there was not given by the user.</param>
/// <param name="userSource">The user's file: a value that is missing is missing there, even where the reference says null.</param>
internal sealed class HoconBinder(HoconObject tree, IReadOnlyList<HoconPath> substituted, string referenceSource, string userSource)
{
    private readonly List<string> errors = [];
    private readonly SortedSet<string> keys = new(StringComparer.Ordinal);
    private readonly HashSet<string> sections = new(StringComparer.Ordinal) { "" };

    public HoconSection Root => new(this, tree, "", "");

    /// <summary>Every key that was read, in the form <c>stages[].steps</c>.</summary>
    public IReadOnlySet<string> Keys => keys;

    public IReadOnlyList<string> Errors => errors;

    /// <param name="at">The value at fault.</param>
    /// <param name="message">What, the value, what is allowed: one line.</param>
    /// <remarks>A line that is there already is not repeated: a value may be read twice.</remarks>
    public void Fail(HoconPosition at, string message)
    {
        var line = $"{(IsReference(at) ? new HoconPosition(userSource, 0) : at)}: {message}";
        if (!errors.Contains(line)) errors.Add(line);
    }

    /// <summary>Ends the reading.</summary>
    /// <exception cref="HoconException">Something was wrong; holds all of it, unknown keys last.</exception>
    public void ThrowIfWrong()
    {
        FindUnknown(tree, "", "");
        if (errors.Count > 0) throw new HoconException([.. errors]);
    }

    internal void Asked(string pattern, bool isSection)
    {
        if (isSection) sections.Add(pattern);
        else keys.Add(pattern);
    }

    internal bool IsReference(HoconPosition at) => at.Source == referenceSource;

    // `shown` has list indices (stages[1].steps), `pattern` has none (stages[].steps).
    private void FindUnknown(HoconObject node, string shown, string pattern)
    {
        foreach (var (key, value) in node.Fields)
        {
            var name = Join(shown, key);
            var asked = Join(pattern, key);
            if (keys.Contains(asked)) continue;
            if (sections.Contains(asked) && value is HoconObject inner) FindUnknown(inner, name, asked);
            else if (sections.Contains(asked + "[]") && value is HoconArray list) FindUnknownInList(list, name, asked + "[]");
            else if (!sections.Contains(asked) && !sections.Contains(asked + "[]") && !(shown.Length == 0 && ServesSubstitutions(key)))
                ReportUnknown(value, name);
        }
    }

    private void FindUnknownInList(HoconArray list, string shown, string pattern)
    {
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (list.Items[i] is HoconObject item) FindUnknown(item, $"{shown}[{i}]", pattern);
        }
    }

    private void ReportUnknown(HoconValue value, string name)
    {
        if (value is HoconObject { Fields.Count: > 0 } section)
        {
            foreach (var (key, inner) in section.Fields) ReportUnknown(inner, Join(name, key));
        }
        else if (keys.Count > 0)
        {
            Fail(value.At, $"unknown key '{name}'; nearest is '{NearestKey.Of(name, keys)}'");
        }
        else
        {
            Fail(value.At, $"unknown key '{name}'");
        }
    }

    private bool ServesSubstitutions(string topKey) => substituted.Any(path => path.Keys[0] == topKey);

    internal static string Join(string section, string key) => section.Length == 0 ? HoconPath.Show(key) : $"{section}.{HoconPath.Show(key)}";
}
