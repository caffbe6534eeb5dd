using ActorRing.Compute.Data;

namespace ActorRing.Compute.Specs.Data;

public sealed class RowOrderSpec : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_map_must_be_a_permutation_for_every_count()
    {
        for (var count = 1; count <= 300; count++)
        {
            for (var key = 0UL; key < 3; key++)
                Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i),
                    Enumerable.Range(0, count).Select(i => KeyedPermutation.Map(key, count, i)).Order());
        }

        const int many = 100_003;
        Assert.Equal(many, Enumerable.Range(0, many).Select(i => KeyedPermutation.Map(42, many, i)).Where(i => i is >= 0 and < many).Distinct().Count());
        Assert.InRange(KeyedPermutation.Map(1, long.MaxValue / 4, 12345), 0, (long.MaxValue / 4) - 1);
    }

    [Fact]
    public void The_map_must_scatter_each_item_evenly_over_keys()
    {
        // 10 items, 20000 keys: each of 100 counts is binomial with mean 2000 and deviation 42; 5 deviations allow for the largest of 100.
        var counts = new int[10, 10];
        for (var key = 0; key < 20_000; key++)
        {
            for (var i = 0; i < 10; i++) counts[i, KeyedPermutation.Map((ulong)key, 10, i)]++;
        }

        Assert.All(counts.Cast<int>(), count => Assert.InRange(count, 2000 - 212, 2000 + 212));
    }

    [Fact]
    public void The_map_must_be_refused_when_the_item_is_not_one() =>
        Assert.All<(long Count, long Index)>([(0, 0), (-1, 0), (5, 5), (5, -1)], wrong =>
            Assert.Throws<ArgumentOutOfRangeException>(() => KeyedPermutation.Map(1, wrong.Count, wrong.Index)));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void Every_row_must_come_once_a_pass_and_passes_in_order_whatever_the_step_holds(int rowsPerStep)
    {
        using var corpus = PackedRowsSpec.Open(folder.Pack("a.tokens", 500, 1, 502));
        var rows = new PackedRows(corpus, 7, documentMask: true);
        var order = new RowOrder(rows, 5, rowsPerStep);
        var places = (int)rows.FirstRowOf(6);
        var seen = Enumerable.Range(0, places).Select(place => order.RowAt(place / rowsPerStep, place % rowsPerStep)).ToList();
        for (var pass = 0; pass < 6; pass++)
        {
            var (first, next) = ((int)rows.FirstRowOf(pass), (int)rows.FirstRowOf(pass + 1));
            Assert.Equal(Enumerable.Range(first, next - first).Select(row => (long)row), seen[first..next].Order());
            Assert.NotEqual(Enumerable.Range(first, next - first).Select(row => (long)row), seen[first..next]);
        }
    }

    [Fact]
    public void The_order_must_depend_on_the_seed_and_the_pass_and_on_nothing_else()
    {
        using var corpus = PackedRowsSpec.Open(folder.Pack("a.tokens", 1000));
        var rows = new PackedRows(corpus, 10, documentMask: true);
        long[] Order(long seed, int from, int count) =>
            [.. Enumerable.Range(from, count).Select(place => new RowOrder(rows, seed, 4).RowAt(place / 4, place % 4))];
        Assert.Equal(Order(1, 0, 200), Order(1, 0, 200));
        Assert.Equal(Order(1, 0, 200)[150..], Order(1, 150, 50));
        Assert.Equal(Order(1, 0, 200), Enumerable.Range(0, 200).Select(place => new RowOrder(rows, 1, 1).RowAt(place, 0)));
        var orders = Enumerable.Range(-50, 100).Select(seed => string.Join(' ', Order(seed, 0, 100)))
            .Concat(Enumerable.Range(1, 50).Select(pass => string.Join(' ', Order(1, pass * 100, 100).Select(row => row - (pass * 100))))).ToList();
        Assert.Equal(orders.Count, orders.Distinct().Count());
    }

    [Fact]
    public void The_order_must_stay_as_it_is_because_runs_are_resumed_by_it()
    {
        using var corpus = PackedRowsSpec.Open(folder.Pack("a.tokens", 100));
        var order = new RowOrder(new PackedRows(corpus, 10, documentMask: true), 1, 5);
        Assert.Equal([4, 2, 0, 6, 7, 3, 9, 5, 1, 8, 15, 11, 14, 19, 12, 10, 17, 13, 16, 18],
            Enumerable.Range(0, 20).Select(place => order.RowAt(place / 5, place % 5)));
    }

    [Fact]
    public void A_place_must_be_refused_when_the_step_does_not_have_it()
    {
        using var corpus = PackedRowsSpec.Open(folder.Pack("a.tokens", 100));
        var order = new RowOrder(new PackedRows(corpus, 10, documentMask: true), 1, 5);
        Assert.Throws<ArgumentOutOfRangeException>(() => order.RowAt(0, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => order.RowAt(0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => order.RowAt(-1, 0));
        Assert.Throws<OverflowException>(() => order.RowAt(long.MaxValue, 0));
    }
}
