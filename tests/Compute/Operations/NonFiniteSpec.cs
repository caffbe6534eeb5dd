using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>A NaN or an infinity in an input must surface in the results: a guard behind the operation can only stop what it sees.</summary>
public class NonFiniteSpec
{
    private const int Rows = 37;
    private const int Columns = 41;

    public static TheoryData<string, ElementType, double> Devices
    {
        get
        {
            var rows = new TheoryData<string, ElementType, double>();
            foreach (var type in OperationRows.Types)
            {
                foreach (var device in TestDevices.Names)
                {
                    rows.Add(device, type, double.NaN);
                    rows.Add(device, type, double.PositiveInfinity);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Elementwise_must_not_hide_a_value_that_is_not_finite(string device, ElementType type, double bad)
    {
        using var bench = new Workbench(device);
        var x = Spoilt(bench, type, bad, 1000, Rows, Columns);
        var y = Sound(bench, type, Rows, Columns);
        Assert.False(double.IsFinite(bench.Device.SquareSum(x)));
        bench.Device.Add(0.5, x, y);
        RequireSpoilt(y.Read(), 1000);
        bench.Device.Copy(x, y);
        RequireSpoilt(y.Read(), 1000);
        bench.Device.Fill(bad, y);
        RequireSpoilt(y.Read(), [.. Enumerable.Range(0, Rows * Columns)]);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Linear_must_not_hide_a_value_that_is_not_finite(string device, ElementType type, double bad)
    {
        const int outputs = 53, row = 17, column = 40, output = 50;
        using var bench = new Workbench(device);
        var (x, w, dy) = (Sound(bench, type, Rows, Columns), Sound(bench, type, outputs, Columns), Sound(bench, type, Rows, outputs));
        var (y, dx, dw, dbias) = (bench.Empty(type, Rows, outputs), bench.Empty(type, Rows, Columns), bench.Empty(ElementType.Float32, outputs, Columns),
            bench.Empty(ElementType.Float32, outputs));

        bench.Device.LinearForward(Spoilt(bench, type, bad, (row * Columns) + column, Rows, Columns), w, default, false, y);
        RequireSpoilt(y.Read(), RowOf(row, outputs));
        bench.Device.LinearForward(x, Spoilt(bench, type, bad, (output * Columns) + column, outputs, Columns), default, false, y);
        RequireSpoilt(y.Read(), ColumnOf(output, Rows, outputs));
        bench.Device.LinearForward(x, w, Spoilt(bench, type, bad, output, outputs), false, y);
        RequireSpoilt(y.Read(), ColumnOf(output, Rows, outputs));

        var badGradient = Spoilt(bench, type, bad, (row * outputs) + output, Rows, outputs);
        bench.Device.LinearBackwardInput(badGradient, w, false, dx);
        RequireSpoilt(dx.Read(), RowOf(row, Columns));
        bench.Device.LinearBackwardInput(dy, Spoilt(bench, type, bad, (output * Columns) + column, outputs, Columns), false, dx);
        RequireSpoilt(dx.Read(), ColumnOf(column, Rows, Columns));
        bench.Device.LinearBackwardWeight(badGradient, x, false, dw, dbias);
        RequireSpoilt(dw.Read(), RowOf(output, Columns));
        RequireSpoilt(dbias.Read(), output);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void RmsNorm_must_not_hide_a_value_that_is_not_finite(string device, ElementType type, double bad)
    {
        const int at = (5 * Columns) + 33;
        using var bench = new Workbench(device);
        var (x, w, dy) = (Sound(bench, type, Rows, Columns), Sound(bench, type, Columns), Sound(bench, type, Rows, Columns));
        var (y, rstd) = (bench.Empty(type, Rows, Columns), bench.Empty(ElementType.Float32, Rows));
        var (dx, dw) = (bench.Empty(type, Rows, Columns), bench.Zeros(ElementType.Float32, Layout.Packed, Columns));

        bench.Device.RmsNormForward(Spoilt(bench, type, bad, at, Rows, Columns), w, 1e-5, y, rstd);
        RequireSpoilt(y.Read(), at);
        bench.Device.RmsNormForward(x, w, 1e-5, y, rstd);
        bench.Device.RmsNormBackward(x, w, rstd, Spoilt(bench, type, bad, at, Rows, Columns), false, dx, dw);
        RequireSpoilt(dx.Read(), RowOf(5, Columns));
        RequireSpoilt(dw.Read(), 33);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Rotary_SwiGlu_and_Embedding_must_not_hide_a_value_that_is_not_finite(string device, ElementType type, double bad)
    {
        const int at = (7 * 2 * Columns) + 40;
        using var bench = new Workbench(device);
        var (y, dgateUp) = (bench.Empty(type, Rows, Columns), bench.Empty(type, Rows, 2 * Columns));
        foreach (var sign in new[] { 1, -1 })
        {
            foreach (var half in new[] { 0, Columns })
            {
                var gateUp = Spoilt(bench, type, sign * bad, at + half, Rows, 2 * Columns);
                bench.Device.SwiGluForward(gateUp, y);
                RequireSpoilt(y.Read(), (7 * Columns) + 40);
                bench.Device.SwiGluBackward(gateUp, Sound(bench, type, Rows, Columns), dgateUp, default);
                Assert.Contains(RowOf(7, 2 * Columns), element => !double.IsFinite(dgateUp.Read()[element]));
            }
        }

        var heads = Spoilt(bench, type, bad, 70, 1, Rows, 1, 34);
        bench.Device.Rotary(heads, Sound(bench, ElementType.Float32, Rows, 17), Sound(bench, ElementType.Float32, Rows, 17), false, heads);
        RequireSpoilt(heads.Read(), 70);

        var dtable = bench.Zeros(ElementType.Float32, Layout.Packed, 2, Columns);
        bench.Device.EmbeddingBackward(bench.PutIds(new int[Rows]), Spoilt(bench, type, bad, 333, Rows, Columns), dtable);
        RequireSpoilt(dtable.Read(), 333 % Columns);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void LmHead_must_not_hide_a_value_that_is_not_finite(string device, ElementType type, double bad)
    {
        const int vocabulary = 137;
        using var bench = new Workbench(device);
        var labels = bench.PutIds(new Noise(2).Integers(Rows, vocabulary));
        var (dx, dw, rowLoss) = (bench.Empty(type, Rows, Columns), bench.Zeros(ElementType.Float32, Layout.Packed, vocabulary, Columns),
            bench.Empty(ElementType.Float32, Rows));

        var spoiltX = bench.Device.LmHeadCrossEntropy(Spoilt(bench, type, bad, 9 * Columns, Rows, Columns), Sound(bench, type, vocabulary, Columns), labels,
            1, dx, dw, rowLoss);
        Assert.False(double.IsFinite(spoiltX.Sum));
        RequireSpoilt(rowLoss.Read(), 9);
        RequireSpoilt(dx.Read(), RowOf(9, Columns));
        Assert.Contains(dw.Read(), value => !double.IsFinite(value));

        var spoiltW = bench.Device.LmHeadCrossEntropy(Sound(bench, type, Rows, Columns), Spoilt(bench, type, bad, (136 * Columns) + 7, vocabulary, Columns),
            labels, 1, dx, default, rowLoss);
        Assert.False(double.IsFinite(spoiltW.Sum));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void AdamW_must_not_hide_a_gradient_that_is_not_finite(string device, ElementType type, double bad)
    {
        using var bench = new Workbench(device);
        var (w, m, v) = (Sound(bench, ElementType.Float32, 99), bench.Zeros(ElementType.Float32, Layout.Packed, 99),
            bench.Zeros(ElementType.Float32, Layout.Packed, 99));
        var compute = type == ElementType.BFloat16 ? bench.Empty(type, 99) : null;
        bench.Device.AdamW(new AdamWUpdate(1e-3, 0.9, 0.95, 1e-8, 0.1, 1, 1), Spoilt(bench, ElementType.Float32, bad, 97, 99), w, m, v,
            compute?.View ?? default);
        RequireSpoilt(w.Read(), 97);
        RequireSpoilt(m.Read(), 97);
        RequireSpoilt(v.Read(), 97);
        if (compute is not null)
        {
            RequireSpoilt(compute.Read(), 97);
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void AttentionForward_must_not_hide_a_value_that_is_not_finite(string device, ElementType type, double bad)
    {
        var problem = AttentionProblem.Of("causal, B2, GQA, H80", type);
        var dims = problem.Dims;
        const int token = 40, head = 79;
        using var bench = new Workbench(device);
        var (q, k, v) = (problem.PutQ(bench), problem.PutK(bench), problem.PutV(bench));
        var (output, lse) = (problem.EmptyOut(bench, type), problem.EmptyRows(bench));
        void Attend(Tensor queries, Tensor keys, Tensor values) =>
            bench.Device.AttentionForward(queries, keys, values, problem.Mask, problem.Scale, AttentionPart.Whole, default, output, lse);
        TestTensor Spoil(double[] values, int at, int tokens, int heads) =>
            bench.Put([.. values[..at], bad, .. values[(at + 1)..]], type, dims.B, tokens, heads, dims.H);

        Attend(Spoil(problem.Q, dims.Query(1, token, 2) + head, dims.Tq, dims.N), k, v);
        RequireSpoilt(output.Read(), RowOf(dims.Row(1, token, 2), dims.H));
        RequireSpoilt(lse.Read(), dims.Row(1, token, 2));

        // An infinite value times a probability is infinite; everything else at that head dim is untouched.
        Attend(q, k, Spoil(problem.V, dims.Key(1, token, 2) + head, dims.Tk, dims.K));
        RequireSpoilt(output.Read(), [.. Enumerable.Range(token, dims.Tq - token).Select(i => dims.Query(1, i, 2) + head)]);

        // An infinite key hides itself where its score is minus infinity, as it should; a NaN never does.
        Attend(q, Spoil(problem.K, dims.Key(1, token, 2) + head, dims.Tk, dims.K), v);
        var seen = Enumerable.Range(token, dims.Tq - token).Where(i => double.IsNaN(bad) || problem.Q[dims.Query(1, i, 2) + head] > 0).ToArray();
        RequireSpoilt(output.Read(), [.. seen.SelectMany(i => RowOf(dims.Row(1, i, 2), dims.H))]);
        RequireSpoilt(lse.Read(), [.. seen.Select(i => dims.Row(1, i, 2))]);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void AttentionBackward_must_not_hide_a_value_that_is_not_finite(string device, ElementType type, double bad)
    {
        var problem = AttentionProblem.Of("causal, B2, GQA, H80", type);
        var dims = problem.Dims;
        using var bench = new Workbench(device);
        var (dq, dk, dv) = (problem.QueryGradient(bench), problem.KeyGradient(bench), problem.KeyGradient(bench));
        var at = dims.Query(1, 40, 2) + 79;
        var dout = bench.Put([.. problem.Dout[..at], bad, .. problem.Dout[(at + 1)..]], type, dims.B, dims.Tq, dims.N, dims.H);
        var delta = problem.EmptyRows(bench);

        bench.Device.AttentionDelta(bench.Put(problem.Out, ElementType.Float32, dims.B, dims.Tq, dims.N, dims.H), dout, delta);
        RequireSpoilt(delta.Read(), dims.Row(1, 40, 2));

        bench.Device.AttentionBackward(problem.PutQ(bench), problem.PutK(bench), problem.PutV(bench), dout, problem.PutLse(bench), delta, problem.Mask,
            problem.Scale, false, dq, dk, dv);
        RequireSpoilt(dq.Read(), RowOf(dims.Row(1, 40, 2), dims.H));
        RequireSpoilt(dv.Read(), [.. Enumerable.Range(0, 41).Select(j => dims.Key(1, j, 2) + 79)]);
        RequireSpoilt(dk.Read(), [.. Enumerable.Range(0, 41).SelectMany(j => Enumerable.Range(dims.Key(1, j, 2), dims.H))]);
    }

    private static TestTensor Sound(Workbench bench, ElementType type, params long[] shape) => bench.Put(Values(shape), type, shape);

    private static TestTensor Spoilt(Workbench bench, ElementType type, double bad, int at, params long[] shape)
    {
        var values = Values(shape);
        values[at] = bad;
        return bench.Put(values, type, shape);
    }

    private static double[] Values(long[] shape) => new Noise(1).Normal((int)shape.Aggregate(1L, (product, size) => product * size));

    private static int[] RowOf(int row, int columns) => [.. Enumerable.Range(row * columns, columns)];

    private static int[] ColumnOf(int column, int rows, int columns) => [.. Enumerable.Range(0, rows).Select(row => (row * columns) + column)];

    private static void RequireSpoilt(double[] values, params int[] places)
    {
        var sound = Array.FindIndex(places, at => double.IsFinite(values[at]));
        Assert.True(sound < 0, $"element {(sound < 0 ? 0 : places[sound])} is {(sound < 0 ? 0 : values[places[sound]]):R}, but what it was made of is not finite");
    }
}
