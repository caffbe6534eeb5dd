namespace ActorRing.Native.Specs;

/// <summary>Numbers and ids that no operation can work with.</summary>
public unsafe class ArgumentAbuseSpec
{
    public static TheoryData<string> Libraries => RawLibrary.Built;

    [Theory]
    [MemberData(nameof(Libraries))]
    public void AdamW_must_refuse_options_outside_their_range(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var (g, w, m, v) = (Vector(bench), Vector(bench), Vector(bench), Vector(bench));
        var before = bench.Snapshot();
        var valid = new NativeAdamWOptions { LearningRate = 0.1, Beta1 = 0.9, Beta2 = 0.95, Epsilon = 1e-8, GradientScale = 1, Step = 1 };
        var faults = new[]
        {
            valid with { Step = 0 }, valid with { Step = -1 }, valid with { Beta1 = 1 }, valid with { Beta1 = -0.1 }, valid with { Beta1 = double.NaN },
                valid with { Beta2 = 1 }, valid with { Beta2 = double.NaN },
            valid with { Epsilon = 0 }, valid with { Epsilon = -1 }, valid with { Epsilon = double.NaN }, valid with { LearningRate = double.NaN },
                valid with { LearningRate = double.PositiveInfinity },
            valid with { WeightDecay = double.NaN }, valid with { GradientScale = double.NegativeInfinity },
        };
        foreach (var fault in faults)
        {
            var options = fault;
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.AdamW(bench.Context, &options, &g, &w, &m, &v, null),
                $"step {fault.Step}, beta {fault.Beta1} {fault.Beta2}");
        }

        bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.AdamW(bench.Context, null, &g, &w, &m, &v, null), "no options");
        Assert.Equal(before, bench.Snapshot());
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void RmsNorm_must_refuse_an_epsilon_outside_its_range(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var (x, w, y, rstd) = (Matrix(bench), Vector(bench), Matrix(bench), bench.CreateTensor(ElementType.Float32, 3));
        foreach (var epsilon in new[] { -1e-9, 1, double.NaN, double.PositiveInfinity })
        {
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.RmsNormForward(bench.Context, &x, &w, epsilon, &y, &rstd),
                $"epsilon {epsilon}");
        }
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Rotary_must_refuse_an_odd_head_size(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var (x, angles) = (bench.CreateTensor(ElementType.Float32, 1, 2, 1, 7), bench.CreateTensor(ElementType.Float32, 2, 3));
        bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.Rotary(bench.Context, &x, &angles, &angles, 0, &x), "head size 7");
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void LmHead_must_refuse_half_a_gradient_and_nowhere_to_put_the_loss(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var (x, w, dw, labels) = (Matrix(bench), bench.CreateTensor(ElementType.Float32, 4, 5), bench.CreateTensor(ElementType.Float32, 4, 5),
            bench.CreateTensor(ElementType.Int32, 3));
        double sum = 12345;
        long count = 12345;
        bench.Library.RequireFailure(NativeStatus.InvalidArgument,
            bench.Table.LmHeadCrossEntropy(bench.Context, &x, &w, &labels, 1, null, &dw, null, &sum, &count), "dw without dx");
        bench.Library.RequireFailure(NativeStatus.InvalidArgument,
            bench.Table.LmHeadCrossEntropy(bench.Context, &x, &w, &labels, double.NaN, null, null, null, &sum, &count), "scale NaN");
        bench.Library.RequireFailure(NativeStatus.InvalidArgument,
            bench.Table.LmHeadCrossEntropy(bench.Context, &x, &w, &labels, 1, null, null, null, null, &count), "no sum");
        bench.Library.RequireFailure(NativeStatus.InvalidArgument,
            bench.Table.LmHeadCrossEntropy(bench.Context, &x, &w, &labels, 1, null, null, null, &sum, null), "no count");
        Assert.Equal((12345.0, 12345), (sum, count));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Results_must_have_a_place(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var x = Matrix(bench);
        var heads = bench.CreateTensor(ElementType.Float32, 1, 2, 1, 32);
        bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.SquareSum(bench.Context, &x, null), "square sum");
        bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.AttentionScratchBytes(bench.Context, &heads, &heads, null), "attention scratch");
        bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.LmHeadScratchBytes(bench.Context, &x, &x, null), "head scratch");
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Linear_must_refuse_mixed_types(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var (x, w, y) = (Matrix(bench), bench.CreateTensor(ElementType.BFloat16, 7, 5), bench.CreateTensor(ElementType.BFloat16, 3, 7));
        bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.LinearForward(bench.Context, &x, &w, null, 0, &y), "float32 times bfloat16");
        var sameW = bench.CreateTensor(ElementType.Float32, 7, 5);
        bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.LinearForward(bench.Context, &x, &sameW, null, 0, &y), "float32 into bfloat16");
    }

    private static NativeTensor Vector(RawBench bench) => bench.CreateTensor(ElementType.Float32, 5);

    private static NativeTensor Matrix(RawBench bench) => bench.CreateTensor(ElementType.Float32, 3, 5);
}
