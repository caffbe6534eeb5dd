namespace ActorRing.Native.Specs;

/// <summary>Every tensor of every operation, broken in every way: told in one line, nothing touched, nothing crashed.</summary>
public class TensorAbuseSpec
{
    // What can be wrong with a tensor, whatever the operation. The buffer is exactly as large as the valid view.
    private static readonly Dictionary<string, Func<NativeTensor, NativeTensor>> Faults = new()
    {
        ["a null buffer"] = tensor => tensor with { Buffer = 0 },
        ["an unknown type"] = tensor => tensor with { Type = 99 },
        ["a negative type"] = tensor => tensor with { Type = -1 },
        ["a type of another size"] = tensor => tensor with { Type = (int)ElementType.Int64 },
        ["rank 0"] = tensor => tensor with { Rank = 0 },
        ["rank 5"] = tensor => tensor with { Rank = 5 },
        ["a negative rank"] = tensor => tensor with { Rank = int.MinValue },
        ["an offset below 0"] = tensor => tensor with { OffsetBytes = -4 },
        ["an offset that splits an element"] = tensor => tensor with { OffsetBytes = 1 },
        ["an offset one element on"] = tensor => tensor with { OffsetBytes = 4 },
        ["an offset far on"] = tensor => tensor with { OffsetBytes = long.MaxValue - 3 },
        ["size 0"] = tensor => WithShape(tensor, 0, 0),
        ["a negative size"] = tensor => WithShape(tensor, 0, -1),
        ["the smallest size"] = tensor => WithShape(tensor, 0, long.MinValue),
        ["one row too many"] = tensor => WithShape(tensor, 0, tensor.Shape[0] + 1),
        ["a huge size"] = tensor => WithShape(tensor, 0, long.MaxValue),
        ["a huge last size"] = tensor => WithShape(tensor, tensor.Rank - 1, long.MaxValue / 2),
        ["a size whose bytes overflow"] = tensor => WithShape(tensor, 0, 1L << 62),
        ["a last stride of 2"] = tensor => WithStride(tensor, tensor.Rank - 1, 2),
        ["a last stride of 0"] = tensor => WithStride(tensor, tensor.Rank - 1, 0),
        ["a negative last stride"] = tensor => WithStride(tensor, tensor.Rank - 1, -1),
    };

    // These need a dim before the last one, of at least two.
    private static readonly Dictionary<string, Func<NativeTensor, NativeTensor>> MatrixFaults = new()
    {
        ["a negative stride"] = tensor => WithStride(tensor, 0, -1),
        ["a stride beyond the buffer"] = tensor => WithStride(tensor, 0, tensor.Stride[0] + 1),
        ["a stride that overflows"] = tensor => WithStride(tensor, 0, long.MaxValue),
        ["a stride whose bytes overflow"] = tensor => WithStride(tensor, 0, long.MaxValue / 4),
    };

    public static TheoryData<string, string> Rows
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var library in RawLibrary.BuiltFiles)
            {
                foreach (var name in RawOperation.Names)
                {
                    rows.Add(library, name);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Operation_must_succeed_when_nothing_is_wrong(string library, string name)
    {
        using var bench = new RawBench(RawLibrary.Load(library));
        Assert.Equal(NativeStatus.Ok, RawOperation.Named(name).CallWith(bench, (_, tensor) => tensor));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Operation_must_refuse_and_touch_nothing_when_a_tensor_is_malformed(string library, string name)
    {
        using var bench = new RawBench(RawLibrary.Load(library));
        var operation = RawOperation.Named(name);
        var valid = operation.Arguments.Select(argument => (NativeTensor?)bench.CreateTensor(argument.Type, argument.Shape)).ToArray();
        var before = bench.Snapshot();
        for (var spoilt = 0; spoilt < valid.Length; spoilt++)
        {
            foreach (var (fault, spoil) in valid[spoilt]!.Value.Rank > 1 ? Faults.Concat(MatrixFaults) : Faults)
            {
                var tensors = valid.ToArray();
                tensors[spoilt] = spoil(valid[spoilt]!.Value);
                var what = $"{name} with {fault} in {operation.Arguments[spoilt].Name}";
                bench.Library.RequireFailure(NativeStatus.InvalidArgument, operation.Invoke(bench, tensors), what);
                Assert.True(before.AsSpan().SequenceEqual(bench.Snapshot()), $"{what} wrote something");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Operation_must_name_the_tensor_when_it_is_null(string library, string name)
    {
        using var bench = new RawBench(RawLibrary.Load(library));
        var operation = RawOperation.Named(name);
        foreach (var argument in operation.Arguments.Where(argument => !argument.IsOptional))
        {
            var status = operation.CallWith(bench, (candidate, tensor) => candidate == argument ? null : tensor);
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, status, $"{name} without {argument.Name}");
            Assert.Contains(argument.Name, bench.Library.LastError, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Operation_must_accept_null_when_the_tensor_is_optional(string library, string name)
    {
        using var bench = new RawBench(RawLibrary.Load(library));
        Assert.Equal(NativeStatus.Ok, RawOperation.Named(name).CallWith(bench, (argument, tensor) => argument.IsOptional ? null : tensor));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Operation_must_refuse_when_one_tensor_has_another_size(string library, string name)
    {
        using var bench = new RawBench(RawLibrary.Load(library));
        var operation = RawOperation.Named(name);
        // Scratch is asked for before there is anything to agree with.
        var related = operation.Arguments.Length > 1 && !name.EndsWith("scratch_bytes", StringComparison.Ordinal) ? operation.Arguments : [];
        foreach (var argument in related)
        {
            for (var dim = 0; dim < argument.Shape.Length; dim++)
            {
                // Smaller, so that the view still fits its buffer and only the shapes disagree.
                if (IsFree(name, argument.Name, dim))
                {
                    continue;
                }

                var status = operation.CallWith(bench, (candidate, tensor) => candidate == argument ? WithShape(tensor, dim, argument.Shape[dim] - 1) : tensor);
                bench.Library.RequireFailure(NativeStatus.InvalidArgument, status, $"{name} with a smaller dim {dim} of {argument.Name}");
            }
        }
    }

    // The vocabulary of an embedding belongs to its table alone: any size holds the ids used here.
    private static bool IsFree(string operation, string argument, int dim) =>
        operation.StartsWith("ar_embedding", StringComparison.Ordinal) && argument.EndsWith("table", StringComparison.Ordinal) && dim == 0;

    private static NativeTensor WithShape(NativeTensor tensor, int dim, long size)
    {
        tensor.Shape[dim] = size;
        return tensor;
    }

    private static NativeTensor WithStride(NativeTensor tensor, int dim, long stride)
    {
        tensor.Stride[dim] = stride;
        return tensor;
    }
}
