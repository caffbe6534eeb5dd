using ActorRing.Compute.Tokenizers.Models;

namespace ActorRing.Compute.Specs.Tokenizers;

public sealed class BpeModelSpec
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Merge_must_agree_with_the_slow_definition_when_merges_are_random(int rngSeed)
    {
        var random = new Random(rngSeed);
        for (var round = 0; round < 200; round++)
        {
            var merges = RandomMerges(random, letters: 1 + random.Next(4), count: random.Next(40));
            var ids = Enumerable.Range(0, random.Next(60)).Select(_ => random.Next(4)).ToArray();
            Assert.Equal(SlowMerge(ids, merges), Merge(ids, merges));
        }
    }

    [Fact]
    public void Merge_must_agree_with_the_slow_definition_when_the_piece_is_long_and_monotonous()
    {
        // a a -> b, b b -> c, ...: every merge is found everywhere at once.
        (int, int, int)[] merges = [.. Enumerable.Range(0, 12).Select(level => (level, level, level + 1))];
        var ids = new int[701];
        Assert.Equal(SlowMerge(ids, merges), Merge(ids, merges));
    }

    [Fact]
    public void Merge_must_leave_one_id_when_a_huge_piece_merges_all_the_way_up()
    {
        (int, int, int)[] merges = [.. Enumerable.Range(0, 20).Select(level => (level, level, level + 1))];
        Assert.Equal([17], Merge(new int[1 << 17], merges));
    }

    [Theory]
    [InlineData(false, "xay", new[] { 9, 0, 9 })]
    [InlineData(false, "xx", new[] { 9, 9 })]
    [InlineData(true, "xx", new[] { 9 })]
    [InlineData(true, "xxaxx", new[] { 9, 0, 9 })]
    [InlineData(true, "😀x", new[] { 9 })]
    public void Encode_must_write_the_unknown_token_when_a_character_is_not_in_the_vocabulary(bool fuses, string text, int[] expected) =>
        Assert.Equal(expected, Encode(new BpeDefinition(Vocabulary("a", "<unk>", 9), [], UnknownId: 9, fuses, ByteFallback: false, IgnoreMerges: false), text));

    [Fact]
    public void Encode_must_drop_characters_when_there_is_no_unknown_token() =>
        Assert.Equal([0], Encode(new BpeDefinition(Vocabulary("a", "b", 1), [], null, FuseUnknown: false, ByteFallback: false, IgnoreMerges: false), "xax"));

    [Fact]
    public void Encode_must_take_a_whole_piece_only_when_merges_are_ignored()
    {
        var ids = new Dictionary<string, int> { ["a"] = 0, ["b"] = 1, ["ab"] = 2 };
        Assert.Equal([2], Encode(new BpeDefinition(ids, [], null, false, false, IgnoreMerges: true), "ab"));
        Assert.Equal([0, 1], Encode(new BpeDefinition(ids, [], null, false, false, IgnoreMerges: false), "ab"));
        Assert.Equal([0, 1, 0], Encode(new BpeDefinition(ids, [], null, false, false, IgnoreMerges: true), "aba"));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void Encode_must_agree_with_the_slow_definition_when_a_long_piece_is_cut_where_nothing_merges(int rngSeed)
    {
        var random = new Random(rngSeed);
        for (var round = 0; round < 8; round++)
        {
            var ids = "abcdef".Select((letter, id) => (Token: letter.ToString(), Id: id)).ToDictionary(entry => entry.Token, entry => entry.Id);
            var merges = new List<(int Left, int Right, int Result)>();
            while (merges.Count < 12)
            {
                var (left, right) = (ids.ElementAt(random.Next(ids.Count)), ids.ElementAt(random.Next(ids.Count)));
                if (ids.TryAdd(left.Key + right.Key, ids.Count)) merges.Add((left.Value, right.Value, ids.Count - 1));
            }

            // 'x' is unknown, and fuses with the 'x' beside it.
            var text = string.Concat(Enumerable.Range(0, 300).Select(_ => "abcdefx"[random.Next(7)]));
            var definition = new BpeDefinition(ids, merges, UnknownId: 999, FuseUnknown: true, ByteFallback: false, IgnoreMerges: false);
            var spelled = System.Text.RegularExpressions.Regex.Replace(text, "x+", "x").Select(letter => letter == 'x' ? 999 : letter - 'a');
            Assert.Equal(SlowMerge([.. spelled], [.. merges]), Encode(definition, text));
            Assert.True(new SafeCuts(definition).FirstStretch(text) < text.Length, "no cut was found, so this spec proved nothing");
        }
    }

    [Fact]
    public void WordCache_must_stay_within_its_bound_when_every_word_is_new()
    {
        var cache = new WordCache(capacity: 10);
        var kept = 0;
        for (var i = 0; i < 1000; i++) cache.Add($"word {i}", [i]);
        for (var i = 0; i < 1000; i++) kept += cache.TryGet($"word {i}", out var ids) && ids[0] == i ? 1 : 0;
        Assert.InRange(kept, 1, 10);
        cache.Add(new string('x', WordCache.MaxWordLength + 1), [1]);
        Assert.False(cache.TryGet(new string('x', WordCache.MaxWordLength + 1), out _));
    }

    private static Dictionary<string, int> Vocabulary(string first, string second, int secondId) => new() { [first] = 0, [second] = secondId };

    private static int[] Encode(BpeDefinition definition, string text)
    {
        var ids = new List<int>();
        new BpeModel(definition).Encode(text, ids);
        return [.. ids];
    }

    private static int[] Merge(int[] ids, (int, int, int)[] merges)
    {
        var copy = ids.ToArray();
        return copy[..new MergeTable(merges).Merge(copy)];
    }

    // Looks at every pair again after every merge: what the heap must equal.
    private static int[] SlowMerge(int[] ids, (int Left, int Right, int Result)[] merges)
    {
        var list = ids.ToList();
        while (true)
        {
            var best = Enumerable.Range(0, Math.Max(0, list.Count - 1))
                .Select(at => (Rank: Array.FindLastIndex(merges, merge => merge.Left == list[at] && merge.Right == list[at + 1]), At: at))
                .Where(found => found.Rank >= 0)
                .DefaultIfEmpty((Rank: -1, At: 0))
                .Min();
            if (best.Rank < 0) return [.. list];
            list[best.At] = merges[best.Rank].Result;
            list.RemoveAt(best.At + 1);
        }
    }

    // Each pair once and each result new, as a vocabulary has it.
    private static (int, int, int)[] RandomMerges(Random random, int letters, int count)
    {
        var seen = new HashSet<(int, int)>();
        var merges = new List<(int, int, int)>();
        for (var i = 0; i < count; i++)
        {
            var pair = (random.Next(letters + merges.Count), random.Next(letters + merges.Count));
            if (seen.Add(pair)) merges.Add((pair.Item1, pair.Item2, letters + merges.Count));
        }

        return [.. merges];
    }
}
