using ActorRing.Cluster.Hosting.Hocon;
using ActorRing.Cluster.Hosting.Settings;

namespace ActorRing.Cluster.Specs.Settings;

public sealed class ReferenceSpec
{
    private static readonly string Reference = RepositoryFiles.Path("hocon/reference.conf");

    [Fact]
    public void The_reference_must_hold_exactly_the_keys_that_are_read()
    {
        var (tree, substituted) = new HoconLoader(_ => null).AddFile(Reference).Resolve();
        var binder = new HoconBinder(tree, substituted, Reference, "job.conf");
        new JobReader(binder, "job").Read();
        Assert.Equal(binder.Keys, new SortedSet<string>(Leaves(tree, ""), StringComparer.Ordinal));
    }

    [Fact]
    public void Every_key_of_the_reference_must_have_a_comment_above_it()
    {
        var lines = File.ReadAllLines(Reference).Select(line => line.Trim()).ToArray();
        bool IsKey(string line) => line.Contains(" = ", StringComparison.Ordinal) && !line.StartsWith('#') && !line.EndsWith('[');
        var keys = Enumerable.Range(0, lines.Length).Where(i => IsKey(lines[i])).ToList();
        Assert.Equal(Leaves(new HoconLoader(_ => null).AddFile(Reference).Resolve().Root, "").Count(), keys.Count);
        Assert.All(keys, i => Assert.True(
            lines[i - 1].StartsWith('#') && lines[i - 1].EndsWith('.'), $"no comment that ends with a full stop above: {lines[i]}"));
    }

    private static IEnumerable<string> Leaves(HoconValue value, string path) => value switch
    {
        HoconObject o => o.Fields.SelectMany(field => Leaves(field.Value, path.Length == 0 ? field.Key : $"{path}.{field.Key}")),
        HoconArray a => a.Items.SelectMany(item => Leaves(item, path + "[]")),
        _ => [path],
    };
}
