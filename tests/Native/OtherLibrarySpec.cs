namespace ActorRing.Native.Specs;

/// <summary>A fact that needs both libraries, skipped with the reason where torch is not built.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TorchFactAttribute : FactAttribute
{
    /// <summary>Looks for the library beside the program.</summary>
    public TorchFactAttribute() => Skip = NativeBackend.TorchIsBuilt ? null : "libar_torch.so is not built (no libtorch): nothing here ran against it";
}

/// <summary>Two backends in one process do not take each other's handles.</summary>
public unsafe class OtherLibrarySpec
{
    [TorchFact]
    public void Operation_must_refuse_a_buffer_of_the_other_library()
    {
        using var cpu = new RawBench(RawLibrary.Load("libar_cpu.so"));
        using var torch = new RawBench(RawLibrary.Load("libar_torch.so"));
        var foreign = torch.CreateTensor(ElementType.Float32, 5);
        var own = cpu.CreateTensor(ElementType.Float32, 5);
        var before = torch.Snapshot();
        cpu.Library.RequireFailure(NativeStatus.InvalidArgument, cpu.Table.Fill(cpu.Context, 1, &foreign), "torch's buffer in the CPU library");
        torch.Library.RequireFailure(NativeStatus.InvalidArgument, torch.Table.Fill(torch.Context, 1, &own), "the CPU library's buffer in torch");
        Assert.Equal(before, torch.Snapshot());
    }

    [TorchFact]
    public void Handle_must_not_be_freed_by_the_other_library()
    {
        using var cpu = new RawBench(RawLibrary.Load("libar_cpu.so"));
        using var torch = new RawBench(RawLibrary.Load("libar_torch.so"));
        var buffer = torch.CreateBuffer(64);
        cpu.Library.RequireFailure(NativeStatus.InvalidArgument, cpu.Table.BufferFree(buffer), "torch's buffer freed by the CPU library");
        cpu.Library.RequireFailure(NativeStatus.InvalidArgument, cpu.Table.ContextNoop(torch.Context), "torch's context in the CPU library");
    }
}
