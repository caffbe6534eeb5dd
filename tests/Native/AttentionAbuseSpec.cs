namespace ActorRing.Native.Specs;

/// <summary>Flags, scale, head sizes and the mask's own rules.</summary>
public unsafe class AttentionAbuseSpec
{
    internal const long MaxPosition = (1L << 48) - 1;
    internal const long MaxStep = 1L << 20;
    internal const long MaxTokens = 1L << 27;

    private static readonly NativeAttentionMask Valid = new() { Causal = 1, QueryStep = 1, KeyStep = 1 };

    // Three queries, five keys. Arrays are passed beside the mask, because their addresses must hold still.
    private static readonly Dictionary<string, MaskCase> Faults = new()
    {
        ["a reserved field in use"] = new(Valid with { Reserved = 1 }),
        ["query position -1"] = new(Valid with { QueryPosition = -1 }),
        ["query position 2^48"] = new(Valid with { QueryPosition = 1L << 48 }),
        ["query step 2^20 + 1"] = new(Valid with { QueryStep = (1L << 20) + 1 }),
        ["key position -1"] = new(Valid with { KeyPosition = -1 }),
        ["key position far out"] = new(Valid with { KeyPosition = long.MaxValue }),
        ["query step 0"] = new(Valid with { QueryStep = 0 }),
        ["query step -1"] = new(Valid with { QueryStep = -1 }),
        ["key step 0"] = new(Valid with { KeyStep = 0 }),
        ["key step far out"] = new(Valid with { KeyStep = long.MaxValue }),
        ["window -1"] = new(Valid with { Window = -1 }),
        ["sink -1"] = new(Valid with { Sink = -1 }),
        ["a window without causal"] = new(Valid with { Causal = 0, Window = 3 }),
        ["no documents in a list of documents"] = new(Valid with { DocumentCount = 0 }, Documents: [0]),
        ["a negative number of documents"] = new(Valid with { DocumentCount = -1 }, Documents: [0]),
        ["documents that do not ascend"] = new(Valid with { DocumentCount = 3 }, Documents: [0, 2, 2]),
        ["documents that descend"] = new(Valid with { DocumentCount = 2 }, Documents: [0, -1]),
        ["a first document after the first query"] = new(Valid with { DocumentCount = 1, KeyPosition = 5 }, Documents: [1]),
        ["a first document after the first key"] = new(Valid with { DocumentCount = 1, QueryPosition = 5 }, Documents: [1]),
        ["block size 0"] = new(Valid with { BlockRowCount = 1 }, Rows: [0, 0], Columns: []),
        ["block size -1"] = new(Valid with { BlockRowCount = 1, BlockSize = -1 }, Rows: [0, 0], Columns: []),
        ["too few block rows"] = new(Valid with { BlockRowCount = 1, BlockSize = 2 }, Rows: [0, 0], Columns: []),
        ["no block rows"] = new(Valid with { BlockRowCount = 0, BlockSize = 8 }, Rows: [0], Columns: []),
        ["a negative number of block rows"] = new(Valid with { BlockRowCount = -1, BlockSize = 8 }, Rows: [0], Columns: []),
        ["block rows that do not start at 0"] = new(Valid with { BlockRowCount = 1, BlockSize = 8 }, Rows: [1, 1], Columns: [0]),
        ["block rows that descend"] = new(Valid with { BlockRowCount = 2, BlockSize = 8 }, Rows: [0, 1, 0], Columns: [0]),
        ["block columns that do not ascend"] = new(Valid with { BlockRowCount = 1, BlockSize = 8 }, Rows: [0, 2], Columns: [1, 1]),
        ["listed blocks without columns"] = new(Valid with { BlockRowCount = 1, BlockSize = 8 }, Rows: [0, 1]),
    };

    public static TheoryData<string> Libraries => RawLibrary.Built;

    public static TheoryData<string, string> MaskFaults
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var library in RawLibrary.BuiltFiles)
            {
                foreach (var fault in Faults.Keys)
                {
                    rows.Add(library, fault);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(MaskFaults))]
    public void Attention_must_refuse_a_mask_that_breaks_its_rules(string file, string fault)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var forward = Forward(bench);
        var backward = Backward(bench);
        var before = bench.Snapshot();
        fixed (long* documents = Faults[fault].Documents, rows = Faults[fault].Rows, columns = Faults[fault].Columns)
        {
            var mask = Faults[fault].Mask with { DocumentStarts = documents, BlockRowOffsets = rows, BlockColumns = columns };
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, Attend(bench, forward, &mask, 0.2, 3), "forward with " + fault);
            Assert.Contains("mask", bench.Library.LastError, StringComparison.Ordinal);
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, Derive(bench, backward, &mask, 0.2), "backward with " + fault);
        }

        Assert.Equal(before, bench.Snapshot());
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Attention_must_compute_when_positions_and_steps_are_the_largest_allowed(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var forward = Forward(bench);
        var mask = Valid with
        {
            QueryPosition = MaxPosition, KeyPosition = MaxPosition, QueryStep = MaxStep, KeyStep = MaxStep, Window = long.MaxValue, Sink = long.MaxValue,
        };
        Assert.True(Attend(bench, forward, &mask, 0.2, 3) == NativeStatus.Ok, bench.Library.LastError);
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Attention_must_refuse_more_keys_than_allowed(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var forward = Forward(bench);
        var mask = Valid;
        foreach (var repeated in new[] { 1, 2 })
        {
            // One key again and again: a stride of 0 needs no memory.
            var key = forward[repeated]!.Value;
            key.Shape[1] = MaxTokens + 1;
            key.Stride[0] = key.Stride[1] = 0;
            forward[repeated] = key;
        }

        bench.Library.RequireFailure(NativeStatus.InvalidArgument, Attend(bench, forward, &mask, 0.2, 3), "2^27 + 1 keys");
        Assert.Contains("2^27", bench.Library.LastError, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Attention_must_refuse_a_missing_mask_and_a_scale_that_is_no_scale(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var forward = Forward(bench);
        var backward = Backward(bench);
        bench.Library.RequireFailure(NativeStatus.InvalidArgument, Attend(bench, forward, null, 0.2, 3), "forward without mask");
        bench.Library.RequireFailure(NativeStatus.InvalidArgument, Derive(bench, backward, null, 0.2), "backward without mask");
        var mask = Valid;
        foreach (var scale in new[] { 0, -1, double.NaN, double.PositiveInfinity, double.NegativeInfinity })
        {
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, Attend(bench, forward, &mask, scale, 3), $"forward with scale {scale}");
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, Derive(bench, backward, &mask, scale), $"backward with scale {scale}");
        }
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Attention_must_refuse_unknown_flags(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var forward = Forward(bench);
        var mask = Valid;
        foreach (var flags in new[] { 4, 7, -1, int.MinValue, 1 << 30 })
        {
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, Attend(bench, forward, &mask, 0.2, flags), $"flags {flags}");
            Assert.Contains("flags", bench.Library.LastError, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Attention_must_ask_for_exactly_the_tensors_its_flags_need(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var all = Forward(bench);
        var mask = Valid;
        for (var flags = 0; flags < 4; flags++)
        {
            for (var missing = 3; missing < 8; missing++)
            {
                var tensors = all.ToArray();
                tensors[missing] = null;
                var isState = missing < 6;
                var isNeeded = isState ? flags != 3 : (flags & 2) != 0;
                var status = Attend(bench, tensors, &mask, 0.2, flags);
                Assert.True((isNeeded ? NativeStatus.InvalidArgument : NativeStatus.Ok) == status, $"flags {flags} without tensor {missing}: {status}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Attention_must_refuse_head_sizes_and_head_counts_it_cannot_compute(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var mask = Valid;
        foreach (var (queryHeads, kvHeads, headSize) in new[] { (4, 3, 32L), (2, 4, 32L), (2, 2, 24L), (2, 2, 36L), (2, 2, 264L), (2, 2, 1L) })
        {
            var tensors = Forward(bench, queryHeads, kvHeads, headSize);
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, Attend(bench, tensors, &mask, 0.2, 3),
                $"{queryHeads} heads on {kvHeads} of size {headSize}");
        }
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Attention_must_refuse_mixed_types(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var mask = Valid;
        for (var odd = 0; odd < 3; odd++)
        {
            var tensors = Forward(bench);
            tensors[odd] = bench.CreateTensor(ElementType.BFloat16, [.. Enumerable.Range(0, 4).Select(dim => tensors[odd]!.Value.Shape[dim])]);
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, Attend(bench, tensors, &mask, 0.2, 3), $"tensor {odd} in bfloat16");
        }
    }

    private static NativeTensor?[] Forward(RawBench bench, long queryHeads = 4, long kvHeads = 2, long headSize = 32)
    {
        NativeTensor Query() => bench.CreateTensor(ElementType.Float32, 2, 3, queryHeads, headSize);
        NativeTensor Key() => bench.CreateTensor(ElementType.Float32, 2, 5, kvHeads, headSize);
        NativeTensor Row() => bench.CreateTensor(ElementType.Float32, 2, 3, queryHeads);
        return [Query(), Key(), Key(), Query(), Row(), Row(), Query(), Row()];
    }

    private static NativeTensor?[] Backward(RawBench bench)
    {
        NativeTensor Query() => bench.CreateTensor(ElementType.Float32, 2, 3, 4, 32);
        NativeTensor Key() => bench.CreateTensor(ElementType.Float32, 2, 5, 2, 32);
        NativeTensor Row() => bench.CreateTensor(ElementType.Float32, 2, 3, 4);
        return [Query(), Key(), Key(), Query(), Row(), Row(), Query(), Key(), Key()];
    }

    private static NativeStatus Attend(RawBench bench, NativeTensor?[] tensors, NativeAttentionMask* mask, double scale, int flags)
    {
        var values = stackalloc NativeTensor[8];
        var t = stackalloc NativeTensor*[8];
        Point(tensors, values, t);
        return bench.Table.AttentionForward(bench.Context, t[0], t[1], t[2], mask, scale, flags, t[3], t[4], t[5], t[6], t[7]);
    }

    private static NativeStatus Derive(RawBench bench, NativeTensor?[] tensors, NativeAttentionMask* mask, double scale)
    {
        var values = stackalloc NativeTensor[9];
        var t = stackalloc NativeTensor*[9];
        Point(tensors, values, t);
        return bench.Table.AttentionBackward(bench.Context, t[0], t[1], t[2], t[3], t[4], t[5], mask, scale, 0, t[6], t[7], t[8]);
    }

    private static void Point(NativeTensor?[] tensors, NativeTensor* values, NativeTensor** pointers)
    {
        for (var i = 0; i < tensors.Length; i++)
        {
            values[i] = tensors[i].GetValueOrDefault();
            pointers[i] = tensors[i] is null ? null : &values[i];
        }
    }

    private sealed record MaskCase(NativeAttentionMask Mask, long[]? Documents = null, long[]? Rows = null, long[]? Columns = null);
}
