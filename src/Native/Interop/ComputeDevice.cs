using System.Runtime.InteropServices;

namespace ActorRing.Native;

/// <summary>
/// Owns one native <c>ar_context</c>: a device with its threads and scratch memory, and every operation on it. One thread at a time; several devices in one process do not
/// disturb each other. Shapes, types and rounding of each operation are those of <c>actorring.h</c>.
/// </summary>
/// <remarks>Operations throw <see cref="ArgumentException"/> when shapes or types break that contract (nothing was done), <see cref="InsufficientMemoryException"/> when memory
/// ran out, and <see cref="NativeException"/> for a device fault. No operation allocates managed memory.</remarks>
public sealed unsafe partial class ComputeDevice : SafeHandle
{
    private readonly NativeLibraryTable _library;

    private ComputeDevice(NativeLibraryTable library, nint context, bool isCuda)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        _library = library;
        IsCuda = isCuda;
        SetHandle(context);
    }

    /// <summary>Whether tensors live in GPU memory.</summary>
    public bool IsCuda { get; }

    /// <summary>"cpu" or "torch".</summary>
    public string BackendName => _library.Name;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Name, threads and memory.</summary>
    public DeviceInfo Info
    {
        get
        {
            NativeContextInfo info;
            _library.Check(_library.ContextQuery(Context, &info));
            var name = Marshal.PtrToStringUTF8((nint)info.Name) ?? "";
            return new DeviceInfo(name, (InstructionSet)info.InstructionSet, info.ThreadCount, info.BufferBytes, info.ScratchBytes);
        }
    }

    private nint Context
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    internal static ComputeDevice Create(NativeLibraryTable library, int threadCount, InstructionSet instructionSet, ReadOnlySpan<int> cpus, int? cudaIndex)
    {
        if (!cpus.IsEmpty && cpus.Length != threadCount)
        {
            throw new ArgumentException($"{cpus.Length} processors are given for {threadCount} threads: give one each, or none");
        }

        fixed (int* pinned = cpus)
        {
            var options = new NativeContextOptions
            {
                Device = cudaIndex is null ? 0 : 1,
                DeviceIndex = cudaIndex ?? 0,
                ThreadCount = threadCount,
                InstructionSet = (int)instructionSet,
                Cpus = cpus.IsEmpty ? null : pinned,
            };
            nint context;
            library.Check(library.ContextCreate(&options, &context));
            return new ComputeDevice(library, context, cudaIndex is not null);
        }
    }

    /// <summary>Creates a zeroed buffer.</summary>
    /// <param name="byteCount">Size in bytes, above 0.</param>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public DeviceBuffer CreateBuffer(long byteCount)
    {
        nint buffer;
        _library.Check(_library.BufferCreate(Context, byteCount, &buffer));
        return new DeviceBuffer(_library, buffer, byteCount);
    }

    /// <summary>A buffer over host memory that is not its own, such as bytes that another rank lends: to be disposed before they are given back.</summary>
    /// <param name="address">Of memory that may be read; where it must not be written, neither must tensors of the buffer.</param>
    /// <param name="byteCount">Size in bytes, above 0.</param>
    /// <exception cref="NotSupportedException">The device is a GPU.</exception>
    public DeviceBuffer Wrap(nint address, long byteCount)
    {
        nint buffer;
        _library.Check(_library.BufferWrap(Context, (void*)address, byteCount, &buffer));
        return new DeviceBuffer(_library, buffer, byteCount);
    }

    /// <summary>Copies host memory into a contiguous tensor; waits for queued work.</summary>
    /// <exception cref="ArgumentException">The byte counts differ, or the tensor is strided.</exception>
    public void Write<T>(ReadOnlySpan<T> source, in Tensor destination)
        where T : unmanaged
    {
        RequireBytes(destination, (long)source.Length * sizeof(T));
        fixed (T* pinned = source)
        {
            _library.Check(_library.BufferWrite(Context, destination.Buffer!.Address, destination.OffsetBytes, pinned, (long)source.Length * sizeof(T)));
        }
    }

    /// <summary>Copies a contiguous tensor into host memory; waits for queued work.</summary>
    /// <exception cref="ArgumentException">The byte counts differ, or the tensor is strided.</exception>
    public void Read<T>(in Tensor source, Span<T> destination)
        where T : unmanaged
    {
        RequireBytes(source, (long)destination.Length * sizeof(T));
        fixed (T* pinned = destination)
        {
            _library.Check(_library.BufferRead(Context, source.Buffer!.Address, source.OffsetBytes, pinned, (long)destination.Length * sizeof(T)));
        }
    }

    /// <summary>Waits until queued work is done; a CPU has none.</summary>
    public void Synchronize() => _library.Check(_library.ContextSynchronize(Context));

    /// <summary>A call that does nothing: what the door costs.</summary>
    public void Noop() => _library.Check(_library.ContextNoop(Context));

    /// <summary>Multiply-add rate of this device with all its threads, GFLOP/s.</summary>
    /// <param name="type">Float32, or BFloat16 for the dot-product instruction where the instruction set has it.</param>
    /// <param name="seconds">How long to measure, (0, 60].</param>
    public double MeasurePeak(ElementType type, double seconds)
    {
        double gigaflops;
        _library.Check(_library.ContextMeasurePeak(Context, (int)type, seconds, &gigaflops));
        return gigaflops;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _library.ContextFree(handle) == NativeStatus.Ok;

    private static void RequireBytes(in Tensor tensor, long byteCount)
    {
        if (tensor.IsNone || !tensor.IsContiguous || tensor.Count * tensor.Type.ByteCount() != byteCount)
        {
            throw new ArgumentException($"{byteCount} bytes of host memory do not match a {(tensor.IsNone ? "missing" : tensor.IsContiguous ? "contiguous" : "strided")} tensor of {(tensor.IsNone ? 0 : tensor.Count)} elements");
        }
    }
}
