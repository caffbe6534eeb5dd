using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

// R rows, V vocabulary, D model dim.
public class EmbeddingSpec
{
    private static readonly Dictionary<string, (int R, int V, int D, Layout Layout)> Cases = new()
    {
        ["R1 V1 D1"] = (1, 1, 1, Layout.Packed),
        ["R41 V3 D17 slices, ids repeat"] = (41, 3, 17, Layout.Slice),
        ["R257 V101 D64"] = (257, 101, 64, Layout.Packed),
        ["R5 V1009 D131 slices, most rows unused"] = (5, 1009, 131, Layout.Slice),
    };

    public static TheoryData<string, ElementType, string> Rows => OperationRows.Cross(Cases.Keys);

    public static TheoryData<string> CpuDevices => new(TestDevices.CpuNames);

    [Theory]
    [MemberData(nameof(Rows))]
    public void EmbeddingForward_must_copy_rows_exactly(string device, ElementType type, string name)
    {
        var (rows, vocabulary, size, layout) = Cases[name];
        var noise = new Noise(70);
        var ids = noise.Integers(rows, vocabulary);
        var table = noise.Normal(vocabulary * size).Rounded(type);
        using var bench = new Workbench(device);
        var y = bench.Empty(type, layout, rows, size);

        bench.Device.EmbeddingForward(bench.PutIds(ids), bench.Put(table, type, layout, vocabulary, size), y);

        Assert.Equal(ReferenceEmbedding.Forward(ids, table, size), y.Read());
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void EmbeddingBackward_must_add_rows_of_equal_ids_in_ascending_order(string device, ElementType type, string name)
    {
        var (rows, vocabulary, size, layout) = Cases[name];
        var noise = new Noise(71);
        var ids = noise.Integers(rows, vocabulary);
        var dy = noise.Normal(rows * size).Rounded(type);
        var before = noise.Normal(vocabulary * size).Rounded(ElementType.Float32);
        using var bench = new Workbench(device);
        var dtable = bench.Put(before, ElementType.Float32, layout, vocabulary, size);

        bench.Device.EmbeddingBackward(bench.PutIds(ids), bench.Put(dy, type, layout, rows, size), dtable);

        // The order is part of the contract, so float32 sums in that order must match to the bit.
        var expected = Array.ConvertAll(before, value => (float)value);
        for (var r = 0; r < rows; r++)
        {
            for (var d = 0; d < size; d++)
            {
                expected[(ids[r] * size) + d] += (float)dy[(r * size) + d];
            }
        }

        Assert.Equal(Array.ConvertAll(expected, value => (double)value), dtable.Read());
    }

    [Theory]
    [MemberData(nameof(CpuDevices))]
    public void Embedding_must_name_the_row_when_an_id_is_outside_the_vocabulary(string device)
    {
        using var bench = new Workbench(device);
        var table = bench.Put(new double[6], ElementType.Float32, 3, 2);
        var y = bench.Empty(ElementType.Float32, 2, 2);
        foreach (var id in new[] { 3, -1, int.MaxValue, -100 })
        {
            var ids = bench.PutIds([2, id]);
            Assert.Equal($"ids[1] is {id}, allowed are 0 to 2", Assert.Throws<ArgumentException>(() => bench.Device.EmbeddingForward(ids, table, y)).Message);
            Assert.Equal($"ids[1] is {id}, allowed are 0 to 2", Assert.Throws<ArgumentException>(() => bench.Device.EmbeddingBackward(ids, y, table)).Message);
            Assert.True(y.IsUnwritten);
            Assert.Equal(new double[6], table.Read());
        }
    }

    [Fact]
    public void Comparison_must_notice_when_a_repeated_id_overwrites_instead_of_adding()
    {
        int[] ids = [1, 1];
        double[] dy = [1, 2, 3, 4];
        using var bench = new Workbench(TestDevices.Any);
        var dtable = bench.Zeros(ElementType.Float32, Layout.Packed, 3, 2);
        bench.Device.EmbeddingBackward(bench.PutIds([1]), bench.Put(dy[2..], ElementType.Float32, 1, 2), dtable);
        Comparison.MustNotice("a lost repetition", ReferenceEmbedding.Backward(ids, dy, 3, 2), dtable.Read(), Tolerance.Sum(ElementType.Float32));
    }
}
