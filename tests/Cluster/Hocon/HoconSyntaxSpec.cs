using ActorRing.Cluster.Hosting.Hocon;

namespace ActorRing.Cluster.Specs.Hocon;

public sealed class HoconSyntaxSpec
{
    [Theory]
    [InlineData("", "{}")]
    [InlineData("\uFEFF# nothing but a comment", "{}")]
    [InlineData("{}", "{}")]
    [InlineData("{ \"a\" : { \"b\" : [1, 2.5e-3, true, null, \"x\"] } }", "{a:{b:[1,2.5e-3,true,null,\"x\"]}}")]
    [InlineData("a = 1\nb : 2\nc { d = 3 }", "{a:1,b:2,c:{d:3}}")]
    [InlineData("a=1,b=2,\n\nc=3,", "{a:1,b:2,c:3}")]
    [InlineData("a=1\n,b=2", "{a:1,b:2}")]
    [InlineData("a.b.c = 1, a.b.d = 2", "{a:{b:{c:1,d:2}}}")]
    [InlineData("\"a.b\".c = 1", "{\"a.b\":{c:1}}")]
    [InlineData("a b c = 1", "{\"a b c\":1}")]
    [InlineData("a = 1 # one\nb = 2 // two\n// three\n# four", "{a:1,b:2}")]
    [InlineData("a =\n  1", "{a:1}")]
    [InlineData("a = one two  three  ", "{a:\"one two  three\"}")]
    [InlineData("a = 100 ms", "{a:\"100 ms\"}")]
    [InlineData("a = x\"y z\"w", "{a:\"xy zw\"}")]
    [InlineData("a = \"q\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "{a:\"q\"\\/\b\f\n\r\té\"}")]
    [InlineData("a = \"\"\"one\ntwo \\n \"three\" \"\"\"\"", "{a:\"one\ntwo \\n \"three\" \"\"}")]
    [InlineData("a = [1\n2\n\n3,\n]", "{a:[1,2,3]}")]
    [InlineData("a = [1, 2] [3]", "{a:[1,2,3]}")]
    [InlineData("a = { x = 1 } { x = 2, y = 3 }", "{a:{x:2,y:3}}")]
    [InlineData("a = runs/x-1_2.txt", "{a:runs/x-1_2.txt}")]
    [InlineData("a = 1e+5\nb = -1E+2, c = selective++", "{a:1e+5,b:-1E+2,c:selective++}")]
    [InlineData("included = 1, include.x = 2", "{included:1,include:{x:2}}")]
    [InlineData("\"include\" = 1", "{include:1}")]
    [InlineData("\"\" = 1", "{\"\":1}")]
    [InlineData("a = 1\r\nb = 2\r\n", "{a:1,b:2}")]
    public void Text_must_read_as_this_tree_when_it_is_HOCON(string text, string tree) => Assert.Equal(tree, HoconShow.Parse(text));

    [Theory]
    [InlineData("a = { x = 1 }, a = { y = 2 }", "{a:{x:1,y:2}}")]
    [InlineData("a = { x = 1 }, a = 5, a = { y = 2 }", "{a:{y:2}}")]
    [InlineData("a { x { y = 1 } }, a.x.z = 2, a { x.y = 3 }", "{a:{x:{y:3,z:2}}}")]
    [InlineData("a = [1], a = [2]", "{a:[2]}")]
    [InlineData("a = 1, a = null", "{a:null}")]
    [InlineData("a += 1, a += 2, a += [3]", "{a:[1,2,[3]]}")]
    [InlineData("a = [0], a += 1, a += { b = 2 }", "{a:[0,1,{b:2}]}")]
    public void Later_keys_must_join_objects_and_replace_the_rest_when_a_key_comes_twice(string text, string tree) =>
        Assert.Equal(tree, HoconShow.Parse(text));

    [Theory]
    [InlineData("a = 1\nb = {", "t.conf:2: '{' without its '}'")]
    [InlineData("a = 1\n}", "t.conf:2: '}' without its '{'")]
    [InlineData("{ a = 1 } b", "t.conf:1: 'b' after the closing '}' of the file")]
    [InlineData("[1]", "t.conf:1: the file is a list; it must be an object")]
    [InlineData("a = [1", "t.conf:1: '[' without its ']'")]
    [InlineData("a = [1 2", "t.conf:1: '[' without its ']'")]
    [InlineData("a = {x=1} b = 2", "t.conf:1: '=' in a value; text with this character must be in quotes")]
    [InlineData("a = [{} {}]]", "t.conf:1: ']' after a field; allowed: a comma, a new line or '}'")]
    [InlineData("a = \"x", "t.conf:1: a quoted string does not end on its line; use \"\"\" for text of several lines")]
    [InlineData("\na = \"x\ny\"", "t.conf:2: a quoted string does not end on its line; use \"\"\" for text of several lines")]
    [InlineData("a = \"\"\"x\"\"", "t.conf:1: a string that starts with \"\"\" never ends")]
    [InlineData("a = \"\\q\"", "t.conf:1: unknown escape '\\q' in a quoted string; allowed: \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX")]
    [InlineData("a = \"\\u12g4\"", "t.conf:1: unknown escape '\\u' in a quoted string; allowed: \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX")]
    [InlineData("a", "t.conf:1: key 'a' is followed by the end of the file; allowed: '=', ':', '+=' or '{'")]
    [InlineData("a\n= 1", "t.conf:1: key 'a' is followed by the end of the line; allowed: '=', ':', '+=' or '{'")]
    [InlineData("a = ", "t.conf:1: the end of the file where a value was expected")]
    [InlineData("a = ,", "t.conf:1: ',' where a value was expected")]
    [InlineData("a = [1,,2]", "t.conf:1: two commas without a list item between them")]
    [InlineData("a = 1,,b = 2", "t.conf:1: two commas without a field between them")]
    [InlineData(",a = 1", "t.conf:1: ',' where a key was expected")]
    [InlineData("a..b = 1", "t.conf:1: '.' where a key was expected")]
    [InlineData("a. = 1", "t.conf:1: '=' where a key was expected")]
    [InlineData("= 1", "t.conf:1: '=' where a key was expected")]
    [InlineData("a = data/*.txt", "t.conf:1: '*' in a value; text with this character must be in quotes")]
    [InlineData("a = b:c", "t.conf:1: ':' in a value; text with this character must be in quotes")]
    [InlineData("a = ${b", "t.conf:1: substitution of 'b' meets the end of the file; '}' is missing")]
    [InlineData("a = ${}", "t.conf:1: '}' where a key was expected")]
    [InlineData("a = [1] 2", "t.conf:1: a value joins text, a list or an object with another kind")]
    [InlineData("include = 1", "t.conf:1: include must be followed by \"FILE\", file(\"FILE\") or required(\"FILE\"); a key of that name needs quotes")]
    [InlineData("include url(\"x\")", "t.conf:1: include must be followed by \"FILE\", file(\"FILE\") or required(\"FILE\"); a key of that name needs quotes")]
    [InlineData("include required(file(\"x\")", "t.conf:1: the end of the file in an include; ')' is missing")]
    public void Text_must_be_refused_in_one_line_when_it_is_not_HOCON(string text, string error) => Assert.Equal(error, Error(text));

    [Fact]
    public void A_message_must_stay_one_line_when_the_text_holds_control_characters() =>
        Assert.Equal("t.conf:1: key '\"a\\u001b[31m\"' is followed by the end of the file; allowed: '=', ':', '+=' or '{'", Error("\"a\\u001b[31m\""));

    [Fact]
    public void Nesting_must_be_refused_when_it_passes_the_limit()
    {
        var limits = new HoconLimits { Depth = 5 };
        Assert.Equal("{a:[[[[1]]]]}", HoconShow.Parse("a=[[[[1]]]]", limits: limits));
        Assert.Equal("t.conf:1: objects and lists nest deeper than 5", Error("a=[[[[[1]]]]]", limits));
        Assert.Equal("t.conf:1: a key of more than 5 parts", Error("a.b.c.d.e.f=1", limits));
        Assert.Equal("t.conf:1: objects nest deeper than 5", Error("a.b{c.d{e.f.g=1}}", limits));
        Assert.Contains("nest deeper than 64", Error(new string('[', 1_000_000).Insert(0, "a=")), StringComparison.Ordinal);
        Assert.Contains("nest deeper than 64", Error(string.Concat(Enumerable.Repeat("a{", 100_000))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_must_be_refused_when_appending_passes_the_limit() =>
        Assert.Equal($"t.conf:{HoconLimits.ListItems + 1}: a list of more than {HoconLimits.ListItems} items",
            Error(string.Concat(Enumerable.Repeat("a+=1\n", HoconLimits.ListItems + 1))));

    internal static string Error(string text, HoconLimits? limits = null) =>
        Assert.Single(Assert.Throws<HoconException>(() => HoconShow.Parse(text, limits: limits)).Errors);
}
