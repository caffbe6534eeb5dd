using ActorRing.Cluster.Hosting.Hocon;

namespace ActorRing.Cluster.Specs.Hocon;

public sealed class HoconSectionSpec
{
    private static readonly Dictionary<string, int> Colours = new() { ["red"] = 1, ["blue"] = 2 };

    [Fact]
    public void Values_must_have_their_types_when_they_are_right()
    {
        var binder = Binder("i = 5, l = 128Ki, d = 2e-5, b = yes, s = x y, e = blue, t = 2m, off = off, n = 1kB, list = [a, 1], one = a, sec { x = \"7\" }, "
            + "items = [{x=1},{x=2}]");
        var root = binder.Root;
        Assert.Equal(5, root.GetInt("i", 1, 9));
        Assert.Equal(131072, root.GetLong("l", 0, long.MaxValue));
        Assert.Equal(2e-5, root.GetDouble("d", 0, 1));
        Assert.True(root.GetBool("b"));
        Assert.Equal("x y", root.GetString("s"));
        Assert.Equal(2, root.GetEnum("e", Colours));
        Assert.Equal(TimeSpan.FromMinutes(2), root.GetDuration("t", TimeSpan.Zero, TimeSpan.FromHours(1)));
        Assert.Equal(Timeout.InfiniteTimeSpan, root.GetDuration("off", TimeSpan.Zero, TimeSpan.FromHours(1), offAllowed: true));
        Assert.Null(root.GetDoubleOrOff("off", 0, 1));
        Assert.Equal(1000, root.GetSize("n", 0, 5000));
        Assert.Equal(["a", "1"], root.GetStrings("list"));
        Assert.Equal(["a"], root.GetStrings("one"));
        Assert.Equal(7, root.GetSection("sec").GetInt("x", 0, 9));
        Assert.Equal([1, 2], root.GetSections("items").Select(item => item.GetInt("x", 0, 9)));
        binder.ThrowIfWrong();
        Assert.Equal(["b", "d", "e", "i", "items[].x", "l", "list", "n", "off", "one", "s", "sec.x", "t"], binder.Keys);
    }

    [Fact]
    public void Fallbacks_must_stand_in_when_a_key_is_absent_or_null()
    {
        var root = Binder("a = null").Root;
        Assert.Equal(3, root.GetInt("a", 1, 9, orElse: 3));
        Assert.Equal(0.5, root.GetDouble("b", 0, 1, orElse: 0.5));
        Assert.Null(root.GetOptionalInt("a", 1, 9));
        Assert.Null(root.GetOptionalString("b"));
        Assert.Empty(root.GetSections("b"));
        Assert.False(root.GetSection("b").Has("x"));
        Assert.False(root.Has("a"));
    }

    [Theory]
    [InlineData("k = 0", "t.conf:1: k is '0'; allowed: a whole number from 1 to 9")]
    [InlineData("k = 1.5", "t.conf:1: k is '1.5'; allowed: a whole number from 1 to 9")]
    [InlineData("\nk = [1]", "t.conf:2: k is a list; allowed: a whole number from 1 to 9")]
    [InlineData("k { x = 1 }", "t.conf:1: k is an object; allowed: a whole number from 1 to 9")]
    [InlineData("k = null", "t.conf:1: k has no value; allowed: a whole number from 1 to 9")]
    [InlineData("", "t.conf:0: k has no value; allowed: a whole number from 1 to 9")]
    public void A_whole_number_must_be_refused_in_one_line_when_it_is_wrong(string text, string error) =>
        Assert.Equal(error.Replace("t.conf:0", "settings", StringComparison.Ordinal), Error(text, root => root.GetInt("k", 1, 9)));

    [Fact]
    public void Every_kind_must_say_what_is_allowed_when_its_value_is_wrong()
    {
        Assert.Equal("t.conf:1: k is 'x'; allowed: a number above 0 and up to 1", Error("k = x", root => root.GetDouble("k", 0, 1, above: true)));
        Assert.Equal("t.conf:1: k is '0'; allowed: a number above 0", Error("k = 0", root => root.GetDouble("k", 0, double.MaxValue, above: true)));
        Assert.Equal("t.conf:1: k is 'NaN'; allowed: a number from 0 on", Error("k = NaN", root => root.GetDouble("k", 0, double.MaxValue)));
        Assert.Equal("t.conf:1: k is '-1'; allowed: a number from 0 to 1, or off", Error("k = -1", root => root.GetDoubleOrOff("k", 0, 1)));
        Assert.Equal("t.conf:1: k is 'TRUE'; allowed: true or false", Error("k = TRUE", root => root.GetBool("k")));
        Assert.Equal("t.conf:1: k is 'Red'; allowed: red, blue", Error("k = Red", root => root.GetEnum("k", Colours)));
        Assert.Equal("t.conf:1: k is ''; allowed: text", Error("k = \"\"", root => root.GetString("k")));
        Assert.Equal("t.conf:1: k is 'off'; allowed: a duration such as 5s, 100 ms, 2m from 0s to 1s",
            Error("k = off", root => root.GetDuration("k", TimeSpan.Zero, TimeSpan.FromSeconds(1))));
        Assert.Equal("t.conf:1: k is '2s'; allowed: a duration such as 5s, 100 ms, 2m from 0s to 1s, or off",
            Error("k = 2s", root => root.GetDuration("k", TimeSpan.Zero, TimeSpan.FromSeconds(1), offAllowed: true)));
        Assert.Equal("t.conf:1: k is '2MB'; allowed: a size such as 64MiB, 128k, 1GB from 0 to 1024 bytes",
            Error("k = 2MB", root => root.GetSize("k", 0, 1024)));
        Assert.Equal("t.conf:1: k holds a list; allowed: a list of texts", Error("k = [a, [b]]", root => root.GetStrings("k")));
        Assert.Equal("t.conf:1: k is an object; allowed: a list of texts", Error("k { a = 1 }", root => root.GetStrings("k")));
        Assert.Equal("t.conf:1: k is '5'; allowed: an object", Error("k = 5", root => root.GetSection("k")));
        Assert.Equal("t.conf:1: k holds '5'; allowed: a list of objects", Error("k = [5]", root => root.GetSections("k")));
        Assert.Equal("t.conf:1: k is an object; allowed: a list of objects", Error("k { a { b = 1 } }", root => root.GetSections("k"), alone: false));
    }

    [Fact]
    public void All_errors_must_be_reported_at_once_when_several_values_are_wrong()
    {
        var binder = Binder("training { steps = x, stesp = 5 }\noptimizer { lr = -1 }\nstages = [{ steps = 1 }, { stepz = 1 }]");
        var training = binder.Root.GetSection("training");
        training.GetInt("steps", 1, 9);
        binder.Root.GetSection("optimizer").GetDouble("lr", 0, 1);
        foreach (var stage in binder.Root.GetSections("stages")) stage.GetInt("steps", 1, 9, orElse: 1);
        Assert.Equal(
            [
                "t.conf:1: training.steps is 'x'; allowed: a whole number from 1 to 9",
                "t.conf:2: optimizer.lr is '-1'; allowed: a number from 0 to 1",
                "t.conf:1: unknown key 'training.stesp'; nearest is 'training.steps'",
                "t.conf:3: unknown key 'stages[1].stepz'; nearest is 'stages[].steps'",
            ],
            Assert.Throws<HoconException>(binder.ThrowIfWrong).Errors);
    }

    [Theory]
    [InlineData("training.stesp = 1", "t.conf:1: unknown key 'training.stesp'; nearest is 'training.steps'")]
    [InlineData("trainig { steps = 1 }", "t.conf:1: unknown key 'trainig.steps'; nearest is 'training.steps'")]
    [InlineData("steps = 1", "t.conf:1: unknown key 'steps'; nearest is 'training.steps'")]
    [InlineData("optimizer.steps = 1", "t.conf:1: unknown key 'optimizer.steps'; nearest is 'training.steps'")]
    [InlineData("optimizer.bata1 = 1", "t.conf:1: unknown key 'optimizer.bata1'; nearest is 'optimizer.beta1'")]
    [InlineData("optimiser {}", "t.conf:1: unknown key 'optimiser'; nearest is 'optimizer.eps'")]
    [InlineData("optimizer.\"a\\u000ab\" = 1", "t.conf:1: unknown key 'optimizer.\"a\\u000ab\"'; nearest is 'optimizer.beta1'")]
    public void An_unknown_key_must_be_refused_with_the_nearest_when_nobody_read_it(string text, string error)
    {
        var binder = Binder(text);
        binder.Root.GetSection("training").GetInt("steps", 1, 9, orElse: 1);
        binder.Root.GetSection("optimizer").GetDouble("beta1", 0, 1, orElse: 1);
        binder.Root.GetSection("optimizer").GetDouble("eps", 0, 1, orElse: 1);
        Assert.Equal(error, Assert.Throws<HoconException>(binder.ThrowIfWrong).Message);
    }

    [Fact]
    public void A_key_must_not_be_unknown_when_it_only_serves_substitutions()
    {
        var binder = Binder("common { lr = 1 }, training = ${common}\ntraining.steps = 2, training.x = ${training.steps}");
        binder.Root.GetSection("training").GetInt("lr", 1, 9);
        binder.Root.GetSection("training").GetInt("steps", 1, 9);
        Assert.Equal("t.conf:2: unknown key 'training.x'; nearest is 'training.lr'", Assert.Throws<HoconException>(binder.ThrowIfWrong).Message);
    }

    [Theory]
    [InlineData("steps", "steps", 0)]
    [InlineData("stesp", "steps", 1)]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("ab", "ba", 1)]
    public void The_distance_must_be_this_when_names_differ(string from, string to, int distance)
    {
        Assert.Equal(distance, NearestKey.Distance(from, to));
        Assert.Equal(distance, NearestKey.Distance(to, from));
    }

    private static HoconBinder Binder(string text)
    {
        var (root, substituted) = new HoconLoader(_ => null).AddText(text, "t.conf").Resolve();
        return new HoconBinder(root, substituted, "reference.conf", "t.conf");
    }

    private static string Error(string text, Action<HoconSection> read, bool alone = true)
    {
        var binder = Binder(text);
        read(binder.Root);
        return alone ? Assert.Single(binder.Errors) : binder.Errors[0];
    }
}
