using ActorRing.Cluster.Hosting.Hocon;

namespace ActorRing.Cluster.Specs.Hocon;

public sealed class HoconIncludeSpec : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("include \"sub/b.conf\"")]
    [InlineData("include file(\"sub/b.conf\")")]
    [InlineData("include required(\"sub/b.conf\")")]
    [InlineData("include required(file(\"sub/b.conf\"))")]
    [InlineData("include \"sub/b\"")]
    public void An_include_must_be_read_relative_to_its_file_when_it_is_written_in_any_form(string include)
    {
        var path = folder.Write("a.conf", $"x = 1\n{include}\ny = 2");
        folder.Write("sub/b.conf", "x = 3, include \"c.conf\"");
        folder.Write("sub/c.conf", "z = 4, y = 5");
        Assert.Equal("{x:3,z:4,y:2}", Load(path));
    }

    [Fact]
    public void Nothing_must_be_added_when_an_optional_include_is_absent()
    {
        Assert.Equal("{x:1}", Load(folder.Write("a.conf", "include \"none.conf\", x = 1")));
        var path = folder.Write("b.conf", "\ninclude required(\"none.conf\")");
        Assert.Equal($"{path}:2: required include '{Path.Combine(folder.Path, "none.conf")}' does not exist", Error(path));
    }

    [Fact]
    public void Substitutions_of_an_included_file_must_look_in_the_including_object_first()
    {
        folder.Write("b.conf", "x = 10, y = ${x}, w = ${top}, list += 2");
        var path = folder.Write("a.conf", "top = 1, x = 99, a { list = [1], include \"b.conf\" }, a.x = 42\nl = [{ include \"b.conf\" }]");
        Assert.Equal("{top:1,x:99,a:{list:[1,2],x:42,y:42,w:1},l:[{x:10,y:99,w:1,list:[2]}]}", Load(path));
    }

    [Fact]
    public void Files_must_be_refused_when_they_include_each_other_in_a_circle()
    {
        var a = folder.Write("a.conf", "include \"b.conf\"");
        var b = folder.Write("b.conf", "\n\ninclude \"./a.conf\"");
        Assert.Equal($"{b}:3: files include each other in a circle: {a} -> {b} -> {folder.Path}/./a.conf", Error(a));
        var self = folder.Write("self.conf", "include \"self.conf\"");
        Assert.StartsWith($"{self}:1: files include each other in a circle", Error(self), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_must_be_refused_when_they_nest_or_fan_out_past_the_limits()
    {
        for (var i = 0; i < 20; i++) folder.Write($"d{i}.conf", $"include \"d{i + 1}.conf\"");
        Assert.EndsWith(":1: files include each other more than 16 deep", Error(Path.Combine(folder.Path, "d0.conf")), StringComparison.Ordinal);
        for (var i = 0; i < 10; i++) folder.Write($"f{i}.conf", $"include \"f{i + 1}.conf\"\ninclude \"f{i + 1}.conf\"");
        folder.Write("f10.conf", "");
        Assert.EndsWith(": more than 256 files are included", Error(Path.Combine(folder.Path, "f0.conf")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_must_be_refused_in_one_line_when_it_cannot_be_read()
    {
        var none = Path.Combine(folder.Path, "none.conf");
        Assert.Equal($"{none}: no such file", Error(none));
        Assert.StartsWith($"{folder.Path}: cannot be read: ", Error(folder.Path), StringComparison.Ordinal);
        var large = folder.Write("large.conf", new string('#', 101));
        Assert.Equal($"{large}: longer than 100 bytes, the most that a settings file may have", Error(large, new HoconLimits { FileBytes = 100 }));
        var broken = Path.Combine(folder.Path, "broken.conf");
        File.WriteAllBytes(broken, [.. "a = 1\nb = "u8, 0xC3, 0x28]);
        Assert.Equal($"{broken}:2: byte 10 is not UTF-8; settings files are UTF-8 text", Error(broken));
    }

    private static string Load(string path) => HoconShow.Of(new HoconLoader(_ => null).AddFile(path).Resolve().Root);

    private static string Error(string path, HoconLimits? limits = null) =>
        Assert.Single(Assert.Throws<HoconException>(() => new HoconLoader(_ => null, limits).AddFile(path)).Errors);
}
