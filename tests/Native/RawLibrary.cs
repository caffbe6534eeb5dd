using System.Runtime.InteropServices;

namespace ActorRing.Native.Specs;

/// <summary>A backend's library at its rawest: the function table plus the exports that managed code never needs.</summary>
internal sealed unsafe class RawLibrary
{
    private readonly nint _handle;

    private RawLibrary(string file)
    {
        File = file;
        Path = System.IO.Path.Combine(AppContext.BaseDirectory, file);
        Table = new NativeLibraryTable(Path);
        _handle = NativeLibrary.Load(Path);
    }

    internal string File { get; }

    internal string Path { get; }

    internal NativeLibraryTable Table { get; }

    /// <summary>File names for theory rows: the CPU library, and torch where it is built.</summary>
    internal static TheoryData<string> Built => [.. BuiltFiles];

    internal static IReadOnlyList<string> BuiltFiles { get; } = NativeBackend.TorchIsBuilt ? ["libar_cpu.so", "libar_torch.so"] : ["libar_cpu.so"];

    internal static RawLibrary Load(string file) => new(file);

    internal string LastError => Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)Export("ar_last_error"))())!;

    internal NativeStatus ByteCount(nint buffer, long* bytes) =>
        ((delegate* unmanaged<nint, long*, NativeStatus>)Export("ar_buffer_byte_count"))(buffer, bytes);

    /// <summary>Asserts the status and that the failure is told in one line of text.</summary>
    internal void RequireFailure(NativeStatus expected, NativeStatus actual, string what)
    {
        var message = LastError;
        Assert.True(expected == actual, $"{what}: status {actual}, expected {expected}; last error '{message}'");
        Assert.True(message.Length > 0 && !message.Contains('\n', StringComparison.Ordinal), $"{what}: '{message}' is not one line of text");
    }

    private nint Export(string name) => NativeLibrary.GetExport(_handle, name);
}
