using System.Collections.Immutable;

namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>A dotted path such as <c>training.steps</c>, as its keys. A key that holds a dot was written in quotes.</summary>
internal sealed class HoconPath(ImmutableArray<string> keys)
{
    public static HoconPath Root { get; } = new([]);

    public ImmutableArray<string> Keys { get; } = keys;

    public HoconPath Then(string key) => new(Keys.Add(key));

    public HoconPath Then(HoconPath path) => new(Keys.AddRange(path.Keys));

    public bool StartsWith(HoconPath start) => Keys.AsSpan().StartsWith(start.Keys.AsSpan());

    public bool SameAs(HoconPath other) => Keys.AsSpan().SequenceEqual(other.Keys.AsSpan());

    public override string ToString() => string.Join('.', Keys.Select(Show));

    /// <summary>A key as it would have to be written: with quotes where it would otherwise read as something else.</summary>
    public static string Show(string key) =>
        key.Length > 0 && key.All(c => char.IsLetterOrDigit(c) || c is '_' or '-') ? key : $"\"{HoconText.Escape(key)}\"";
}
