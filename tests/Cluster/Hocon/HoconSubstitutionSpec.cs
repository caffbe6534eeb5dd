using ActorRing.Cluster.Hosting.Hocon;

namespace ActorRing.Cluster.Specs.Hocon;

public sealed class HoconSubstitutionSpec
{
    [Theory]
    [InlineData("a = 1, b = ${a}", "{a:1,b:1}")]
    [InlineData("b = ${a}, a = 1", "{b:1,a:1}")]
    [InlineData("b = ${a}, a = 1, a = 2", "{b:2,a:2}")]
    [InlineData("a.x = 1, b = ${a.x}/y ${a.x}", "{a:{x:1},b:\"1/y 1\"}")]
    [InlineData("a { x = 1 }, b = ${a} { y = 2 }", "{a:{x:1},b:{x:1,y:2}}")]
    [InlineData("a { x = 1 }, b = ${a}, b.y = 2", "{a:{x:1},b:{x:1,y:2}}")]
    [InlineData("a = [1], b = ${a} [2] ${a}", "{a:[1],b:[1,2,1]}")]
    [InlineData("a = ${?none}", "{}")]
    [InlineData("a = [${?none}, 1]", "{a:[1]}")]
    [InlineData("a = x${?none}y", "{a:\"xy\"}")]
    [InlineData("a = ${?none} [1]", "{a:[1]}")]
    [InlineData("a = 1, a = ${?none}", "{a:1}")]
    [InlineData("a = 1, a = ${?b}, b = 2", "{a:2,b:2}")]
    [InlineData("a = null, b = ${a}", "{a:null,b:null}")]
    [InlineData("a = \"x.y\" , b = ${\"c.d\"}, \"c.d\" = 5", "{a:\"x.y\",b:5,\"c.d\":5}")]
    public void A_substitution_must_become_its_target_when_the_target_is_known(string text, string tree) => Assert.Equal(tree, HoconShow.Parse(text));

    [Theory]
    [InlineData("path = /bin, path = ${path}\":/usr\"", "{path:\"/bin:/usr\"}")]
    [InlineData("path = [a], path = ${path} [b], path = [c] ${path}", "{path:[c,a,b]}")]
    [InlineData("a { b = 1 }, a { b = ${a.b}2 }", "{a:{b:\"12\"}}")]
    [InlineData("foo : { a : { c : 1 } }, foo : ${foo.a}, foo : { a : 2 }", "{foo:{a:2,c:1}}")]
    [InlineData("bar : { foo : 42, baz : ${bar.foo} }", "{bar:{foo:42,baz:42}}")]
    [InlineData("bar : { foo : 42, baz : ${bar.foo} }, bar : { foo : 43 }", "{bar:{foo:43,baz:43}}")]
    [InlineData("bar : { a : ${foo.d}, b : 1 }, bar.b = 3, foo : { c : ${bar.b}, d : 2 }, foo.d = 4", "{bar:{a:4,b:3},foo:{c:3,d:4}}")]
    [InlineData("a = ${b}, b { x = ${a.y}, y = 1 }", "{a:{x:1,y:1},b:{x:1,y:1}}")]
    [InlineData("base { foo = 1 }, bar = ${base} { baz = ${bar.foo} }", "{base:{foo:1},bar:{foo:1,baz:1}}")]
    [InlineData("a = ${?a}", "{}")]
    [InlineData("a = ${?a} [1]", "{a:[1]}")]
    [InlineData("a = 1, a = ${a} ${a}, a = ${a} ${a}", "{a:\"1 1 1 1\"}")]
    [InlineData("a = { b = ${x}, x = 2 }, x = 1", "{a:{b:1,x:2},x:1}")]
    [InlineData("a = 1, a = [${a}]", "{a:[1]}")]
    public void A_field_that_mentions_itself_must_see_its_earlier_value_when_it_has_one(string text, string tree) => Assert.Equal(tree, HoconShow.Parse(text));

    [Theory]
    [InlineData("a = ${N}", "{a:\"7\"}")]
    [InlineData("a = ${?N}", "{a:\"7\"}")]
    [InlineData("N = 1, a = ${N}", "{N:1,a:1}")]
    [InlineData("N = ${N}", "{N:\"7\"}")]
    [InlineData("a = 1, a = ${?N}", "{a:\"7\"}")]
    [InlineData("a = { x = 1 }, a = ${?N}", "{a:\"7\"}")]
    [InlineData("a = ${?EMPTY}", "{a:\"\"}")]
    [InlineData("a = ${?NULL}", "{a:\"null\"}")]
    public void The_environment_must_answer_when_the_settings_do_not_have_the_target(string text, string tree) =>
        Assert.Equal(tree, HoconShow.Parse(text, name => name switch { "N" => "7", "EMPTY" => "", "NULL" => "null", _ => null }));

    [Theory]
    [InlineData("\na = ${b}", "t.conf:2: ${b} is not defined: neither a key of the settings nor an environment variable")]
    [InlineData("a = ${b}\nb = ${?c}", "t.conf:1: ${b} is not defined: neither a key of the settings nor an environment variable")]
    [InlineData("a = ${a}", "t.conf:1: ${a} mentions its own key, which has no earlier value")]
    [InlineData("a = ${a.b}", "t.conf:1: substitutions go in a circle: ${a.b}")]
    [InlineData("a = ${b}\nb = ${a}", "t.conf:2: substitutions go in a circle: ${b} -> ${a}")]
    [InlineData("a = ${?b}\nb = ${?a}", "t.conf:2: substitutions go in a circle: ${?b} -> ${?a}")]
    [InlineData("a = ${b}, b = ${c}, c = ${d}, d = [${a}]", "t.conf:1: substitutions go in a circle: ${b} -> ${c} -> ${d} -> ${a}")]
    [InlineData("a { b = ${a} }", "t.conf:1: substitutions go in a circle: ${a}")]
    [InlineData("a = ${b.x}, b = ${a.x}", "t.conf:1: substitutions go in a circle: ${b.x} -> ${a.x}")]
    [InlineData("a = ${b} 1, b = [2]", "t.conf:1: a value joins '1' with a list")]
    [InlineData("a = ${b} { c = 1 }, b = 2", "t.conf:1: a value joins '2' with an object")]
    public void A_substitution_must_be_refused_in_one_line_when_it_leads_nowhere(string text, string error) => Assert.Equal(error, HoconSyntaxSpec.Error(text));

    [Fact]
    public void A_hidden_value_must_not_be_followed_when_a_later_one_replaces_it() =>
        Assert.Equal("{a:1,b:2}", HoconShow.Parse("a = ${nowhere}, a = 1, b = ${a}${nowhere}, b = 2"));

    [Fact]
    public void Doubling_by_substitution_must_be_refused_when_it_passes_a_limit()
    {
        string Chain(string first, Func<int, string> next) => string.Join("\n", Enumerable.Range(1, 60).Select(next).Prepend(first));
        Assert.Contains("a text of more than 1048576 characters", HoconSyntaxSpec.Error(Chain("a0 = xx", i => $"a{i} = ${{a{i - 1}}}${{a{i - 1}}}")),
            StringComparison.Ordinal);
        Assert.Contains("more than 200000 values", HoconSyntaxSpec.Error(Chain("a0 = [1]", i => $"a{i} = ${{a{i - 1}}} ${{a{i - 1}}}")),
            StringComparison.Ordinal);
        Assert.Contains("more than 200000 values", HoconSyntaxSpec.Error(Chain("a0 = {}", i => $"a{i} {{ l = ${{a{i - 1}}}, r = ${{a{i - 1}}} }}")),
            StringComparison.Ordinal);
        Assert.Contains("look-ups", HoconSyntaxSpec.Error(Chain("a0 = {}", i => $"a{i} = ${{a{i - 1}}} ${{a{i - 1}}}") + "\na60.x = 1\nb = ${a60.y}"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_chain_must_be_refused_and_not_crash_when_it_passes_the_limit()
    {
        var chain = string.Join("\n", Enumerable.Range(0, 20_000).Select(i => $"a{i} = ${{a{i + 1}}}")) + "\na20000 = 1";
        Assert.Contains("substitutions nest deeper than 1000", HoconSyntaxSpec.Error(chain), StringComparison.Ordinal);
        var layers = "a = 1\n" + string.Concat(Enumerable.Repeat("a = ${a}1\n", 20_000));
        Assert.Contains("substitutions nest deeper than 1000", HoconSyntaxSpec.Error(layers), StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_must_cover_each_other_in_the_order_in_which_they_were_added()
    {
        var tree = new HoconLoader(_ => null)
            .AddText("a { x = 1, y = ${a.x} }\nlist = [1]\nmore = [1]", "low.conf")
            .AddText("a.x = 2\nlist = ${list} [2]\nmore += 2", "high.conf")
            .AddOverride("a.z", "data/*.txt, 5")
            .AddOverride("list", "[7, 8]")
            .AddOverride("flag", "null")
            .Resolve().Root;
        Assert.Equal("{a:{x:2,y:2,z:data/*.txt, 5},list:[7,8],more:[1,2],flag:null}", HoconShow.Of(tree));
    }

    [Fact]
    public void An_override_must_reach_into_a_list_when_a_key_is_a_whole_number()
    {
        HoconLoader Loader() => new HoconLoader(_ => null).AddText("base { lr = 1 }\nstages = [{ steps = 1 }, ${base} { steps = 2 }, 5]", "t.conf");
        Assert.Equal("{base:{lr:1},stages:[{steps:9},{lr:1,steps:2},5]}", HoconShow.Of(Loader().AddOverride("stages.0.steps", "9").Resolve().Root));
        Assert.Equal("{base:{lr:1},stages:[{steps:1},{lr:7,steps:2},5]}", HoconShow.Of(Loader().AddOverride("stages.1.lr", "7").Resolve().Root));
        Assert.Equal("{base:{lr:1},stages:[{steps:1},{lr:1,steps:2},6]}", HoconShow.Of(Loader().AddOverride("stages.2", "6").Resolve().Root));
        Assert.Equal("--stages.3.steps: no item 3; stages has 3, counted from 0",
            Assert.Throws<HoconException>(() => Loader().AddOverride("stages.3.steps", "9")).Message);
    }

    [Theory]
    [InlineData("a..b", "1", "--a..b: '.' where a key was expected")]
    [InlineData("a=b", "1", "--a=b: '=' in the key; write such a key in quotes")]
    [InlineData("", "1", "--: the end of the file where a key was expected")]
    [InlineData("a", "[1", "--a: '[' without its ']'")]
    [InlineData("a", "[1] }", "--a: '}' after the value")]
    public void An_override_must_be_refused_in_one_line_when_it_is_malformed(string key, string value, string error) =>
        Assert.Equal(error, Assert.Throws<HoconException>(() => new HoconLoader(_ => null).AddOverride(key, value)).Message);
}
