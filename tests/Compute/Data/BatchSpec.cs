using ActorRing.Compute.Data;

namespace ActorRing.Compute.Specs.Data;

public sealed class BatchSpec : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_batch_must_hold_the_rows_of_its_places_when_a_step_has_several_micro_batches()
    {
        using var corpus = PackedRowsSpec.Open(folder.Pack("a.tokens", 5, 0, 3, 40, 52));
        var rows = new PackedRows(corpus, 6, documentMask: true);
        var order = new RowOrder(rows, 3, rowsPerStep: 6);
        var batch = new Batch(2, 6);
        Assert.Equal([0, 1, 2, 3, 4, 5], batch.Positions.ToArray());
        for (var step = 0; step < 10; step++)
        {
            for (var micro = 0; micro < 3; micro++)
            {
                batch.Fill(rows, order, step, micro);
                var labelled = 0;
                for (var row = 0; row < 2; row++)
                {
                    var (ids, labels, starts) = (new int[6], new int[6], new long[7]);
                    var (count, rowLabelled) = rows.Fill(order.RowAt(step, (2 * micro) + row), ids, labels, starts);
                    Assert.Equal(ids, batch.Ids.Slice(6 * row, 6).ToArray());
                    Assert.Equal(labels, batch.Labels.Slice(6 * row, 6).ToArray());
                    Assert.Equal(starts[..count], batch.DocumentStarts(row).ToArray());
                    labelled += rowLabelled;
                }

                Assert.Equal(labelled, batch.LabelledCount);
            }
        }
    }

    [Fact]
    public void Filling_must_allocate_nothing_when_it_is_repeated()
    {
        using var corpus = PackedRowsSpec.Open(folder.Pack("a.tokens", [.. Enumerable.Repeat(37, 2000)]));
        var rows = new PackedRows(corpus, 512, documentMask: true);
        var order = new RowOrder(rows, 3, rowsPerStep: 8);
        var batch = new Batch(4, 512);
        for (var step = 0; step < 50; step++) batch.Fill(rows, order, step, 1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var step = 50; step < 250; step++) batch.Fill(rows, order, step, 1);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_batch_must_be_refused_when_it_does_not_fit_the_rows_or_the_step()
    {
        using var corpus = PackedRowsSpec.Open(folder.Pack("a.tokens", 100));
        var rows = new PackedRows(corpus, 6, documentMask: true);
        var order = new RowOrder(rows, 3, rowsPerStep: 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Batch(2, 5).Fill(rows, order, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Batch(2, 6).Fill(rows, order, 0, 2));
    }
}
