namespace ActorRing.Native;

/// <summary>A loaded native library, from which devices are made.</summary>
public sealed class NativeBackend
{
    private readonly NativeLibraryTable _library;

    private NativeBackend(NativeLibraryTable library) => _library = library;

    /// <summary>"cpu" or "torch".</summary>
    public string Name => _library.Name;

    /// <summary>Own CPU kernels; always present.</summary>
    /// <exception cref="BackendUnavailableException">The library is missing beside the program.</exception>
    public static NativeBackend LoadCpu() => Load("libar_cpu.so");

    /// <summary>ATen, for CPU and CUDA tensors; present where libtorch was found when building.</summary>
    /// <exception cref="BackendUnavailableException">It was not built, or libtorch cannot be loaded.</exception>
    public static NativeBackend LoadTorch() => Load("libar_torch.so");

    /// <summary>Whether the torch library was built (it may still fail to load).</summary>
    public static bool TorchIsBuilt => File.Exists(Path.Combine(AppContext.BaseDirectory, "libar_torch.so"));

    /// <summary>Starts a device: its threads, its pinned instruction set, its scratch memory.</summary>
    /// <param name="threadCount">Threads that compute, the caller's included; 1 to 1024. Holds for every library underneath.</param>
    /// <param name="instructionSet">Asked-for kernels; <see cref="InstructionSet.Auto"/> takes the best.</param>
    /// <param name="cpus">Processor numbers to pin to, one per thread, or empty for none.</param>
    /// <param name="cudaIndex">GPU number, or null for the CPU.</param>
    /// <exception cref="NotSupportedException">The library or machine lacks what is asked for.</exception>
    public ComputeDevice Open(int threadCount, InstructionSet instructionSet = InstructionSet.Auto, ReadOnlySpan<int> cpus = default, int? cudaIndex = null) =>
        ComputeDevice.Create(_library, threadCount, instructionSet, cpus, cudaIndex);

    private static NativeBackend Load(string file)
    {
        var path = Path.Combine(AppContext.BaseDirectory, file);
        if (!File.Exists(path))
        {
            throw new BackendUnavailableException(
                file == "libar_torch.so" ? "libar_torch.so is not built: install libtorch (Debian: libtorch-dev), then build again" : $"{file} is missing beside the program: build again");
        }

        return new NativeBackend(new NativeLibraryTable(path));
    }
}
