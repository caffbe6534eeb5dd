using ActorRing.Compute.Tokenizers.Patterns;

namespace ActorRing.Compute.Specs.Tokenizers;

public sealed class RunePatternSpec
{
    [Theory]
    [InlineData(@"\p{L}+", "𝒜𐐀b1", "𝒜𐐀b")]
    [InlineData(@"\p{L}", "𐐷x", "𐐷")]
    [InlineData(@"\p{N}{1,3}", "𝟘𝟙𝟚𝟛", "𝟘𝟙𝟚")]
    [InlineData(@"[^\s\p{L}\p{N}]+", "𝒜😀😀 ", "😀😀")]
    [InlineData(@".", "😀", "😀")]
    [InlineData(@"[\x{1F600}-\x{1F64F}]", "x😀", "😀")]
    [InlineData(@"(?<=😀).", "😀𐐷", "𐐷")]
    [InlineData(@"\p{L}*?𐐷", "𝒜𝒜𐐷𐐷", "𝒜𝒜𐐷")]
    [InlineData(@"\p{L}*𐐷", "𝒜𝒜𐐷𐐷𝒜", "𝒜𝒜𐐷𐐷")]
    public void RunePattern_must_take_a_code_point_as_one_when_it_lies_beyond_the_bmp(string pattern, string text, string match) =>
        Assert.Equal(match, First(pattern, text));

    [Theory]
    [InlineData(@"a*ab", "aaab", "aaab")]
    [InlineData(@"a++ab|b", "aaab", "b")]
    [InlineData(@"(?>a+)b", "aab", "aab")]
    [InlineData(@"(?:ab|a)(?:c|bc)", "abc", "abc")]
    [InlineData(@"(?:a|b)+c", "ababc", "ababc")]
    [InlineData(@"(?:ab){2,3}?", "ababab", "abab")]
    [InlineData(@"(?:a|ab){2}c", "aabc", "aabc")]
    [InlineData(@"\s+(?!\S)", "  x", " ")]
    [InlineData(@"(?i:'ll|[sd])", "x'LL", "'LL")]
    [InlineData(@"(?i:S)(?-i:S)", "ssS", "sS")]
    [InlineData(@"(?i:k)", "\u212A", "\u212A")]
    [InlineData(@"a{,2}b", "aaab", "aab")]
    [InlineData(@"[a-c&&[^b]]+", "bacb", "ac")]
    [InlineData(@"[]x]", "a]", "]")]
    [InlineData(@"[a-]+", "b-a", "-a")]
    [InlineData(@"[\]\-\\]+", "a-]\\", "-]\\")]
    [InlineData(@"^b", "ab\nb", "b")]
    [InlineData(@".$", "ab\n", "b")]
    [InlineData(@"\w\b", "ab c", "b")]
    public void RunePattern_must_match_as_oniguruma_does_when_syntax_is_known(string pattern, string text, string match) =>
        Assert.Equal(match, First(pattern, text));

    [Theory]
    [InlineData(@"(?<name>a)", "'(?'")]
    [InlineData(@"(?m:a)", "'(?'")]
    [InlineData(@"(a)\1", @"escape '\1'")]
    [InlineData(@"\R", @"escape '\R'")]
    [InlineData(@"\p{Greek}", "property 'Greek'")]
    [InlineData(@"\p{L", "{ without }")]
    [InlineData(@"[[:alpha:]]", "[:")]
    [InlineData(@"[a", "[ without ]")]
    [InlineData(@"[z-a]", "backwards")]
    [InlineData(@"[a-\w]", "a range with a set")]
    [InlineData(@"(a", "'(' without ')'")]
    [InlineData(@"a)", "')' without '('")]
    [InlineData(@"*a", "'*' with nothing to repeat")]
    [InlineData(@"a{3,1}", "backwards")]
    [InlineData(@"a{2}?", "{n}")]
    [InlineData(@"a{x", "{ without }")]
    [InlineData(@"a{x}", "'{'")]
    [InlineData(@"a{1001}", "1000")]
    [InlineData(@"(?:ab){65}", "64")]
    [InlineData(@"(?:(?:(?:ab){64}){64}){64}", "4096")]
    [InlineData(@"(?:a*)*", "can be empty")]
    [InlineData(@"(?<=a+)b", "differ in length")]
    [InlineData(@"(?i:ss)", "single letter")]
    [InlineData(@"(?i:é)", "beyond ASCII")]
    [InlineData(@"(?i:[^a])", "beyond ASCII")]
    [InlineData(@"\x{110000}", "110000")]
    [InlineData(@"\", "backslash at the end")]
    public void RunePattern_must_name_the_syntax_when_it_is_unknown(string pattern, string named)
    {
        var problem = Assert.Throws<FormatException>(() => new RunePattern(pattern));
        Assert.Contains(named, problem.Message, StringComparison.Ordinal);
        Assert.Contains("at character", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RunePattern_must_refuse_rather_than_overflow_when_groups_nest_without_end() =>
        Assert.Throws<FormatException>(() => new RunePattern(new string('(', 100_000)));

    [Fact]
    public void RunePattern_must_fail_with_a_message_when_a_repeated_group_outgrows_the_stack()
    {
        var pattern = new RunePattern("(?:a|b)+c");
        Assert.Throws<InvalidDataException>(() => pattern.TryFind(new string('a', 10_000_000), 0, out _, out _));
    }

    [Fact]
    public void Cut_must_cover_the_text_without_overlap_when_matches_can_be_empty()
    {
        var spans = new List<TextSpan>();
        new RunePattern("x*").Cut("a😀xxb", spans);
        Assert.Equal("a😀xxb".Length, spans.Sum(span => span.End - span.Start));
        Assert.Contains(new TextSpan(3, 5, true), spans);
    }

    private static string First(string pattern, string text) =>
        new RunePattern(pattern).TryFind(text, 0, out var start, out var end) ? text[start..end] : "";
}
