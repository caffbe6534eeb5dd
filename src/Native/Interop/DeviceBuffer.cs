using System.Runtime.InteropServices;

namespace ActorRing.Native;

/// <summary>Owns one native <c>ar_buffer</c>: a slab of zeroed memory on one device. The only type that frees it.</summary>
public sealed unsafe class DeviceBuffer : SafeHandle
{
    private readonly NativeLibraryTable _library;
    private readonly nint _hostAddress;

    internal DeviceBuffer(NativeLibraryTable library, nint buffer, long byteCount)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        _library = library;
        SetHandle(buffer);
        ByteCount = byteCount;
        void* address;
        _hostAddress = library.BufferHostAddress(buffer, &address) == NativeStatus.Ok ? (nint)address : 0;
    }

    /// <summary>Size in bytes.</summary>
    public long ByteCount { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Address the CPU may read and write.</summary>
    /// <exception cref="InvalidOperationException">The memory is on a device.</exception>
    public nint HostAddress
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return _hostAddress != 0 ? _hostAddress : throw new InvalidOperationException("the buffer is in device memory");
        }
    }

    /// <summary>The descriptor by which another process may map this memory, owned by the buffer; null where it is not shared memory.</summary>
    internal int? SharedDescriptor
    {
        get
        {
            int descriptor;
            return _library.BufferFileDescriptor(Address, &descriptor) == NativeStatus.Ok ? descriptor : null;
        }
    }

    internal nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _library.BufferFree(handle) == NativeStatus.Ok;
}
