using ActorRing.Cluster.Hosting.Hocon;

namespace ActorRing.Cluster.Specs.Hocon;

/// <summary>Trees as one line of JSON-like text, so that a spec compares all of a tree at once. Text that was quoted keeps its quotes.</summary>
internal static class HoconShow
{
    public static string Parse(string text, Func<string, string?>? environment = null, HoconLimits? limits = null) =>
        Of(new HoconLoader(environment ?? (_ => null), limits).AddText(text, "t.conf").Resolve().Root);

    public static string Of(HoconValue value) => value switch
    {
        HoconObject o => $"{{{string.Join(",", o.Fields.Select(field => $"{HoconPath.Show(field.Key)}:{Of(field.Value)}"))}}}",
        HoconArray a => $"[{string.Join(",", a.Items.Select(Of))}]",
        HoconScalar s => s.Quoted ? $"\"{s.Text}\"" : s.Text,
        _ => throw new InvalidOperationException(),
    };
}
