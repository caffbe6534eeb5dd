namespace ActorRing.Native;

/// <summary>Which buffers a communicator has announced to its peers, and which it keeps alive because an operation still needs them.</summary>
internal sealed unsafe class CommBuffers
{
    // The low bits of an operation number the operations that are outstanding at the same time: see actorring_comm.h.
    private const int SlotMask = (1 << 24) - 1;

    private readonly CommLibraryTable _library;
    private readonly Lock _gate = new();
    private readonly Dictionary<DeviceBuffer, long> _slabs = [];
    private Held[] _held = new Held[16];

    internal CommBuffers(CommLibraryTable library) => _library = library;

    /// <summary>Where a contiguous tensor lies, its slab announced if it has one; nothing for the absent tensor.</summary>
    /// <exception cref="ArgumentException">The tensor is strided.</exception>
    internal CommMemory Locate(nint comm, in Tensor tensor, string name)
    {
        if (tensor.IsNone)
        {
            return default;
        }

        if (!tensor.IsContiguous)
        {
            throw new ArgumentException($"{name} is strided, must be contiguous");
        }

        var buffer = tensor.Buffer!;
        return new CommMemory
        {
            Address = buffer.HostAddress + (nint)tensor.OffsetBytes,
            ByteCount = tensor.Count * tensor.Type.ByteCount(),
            Slab = SlabOf(comm, buffer),
        };
    }

    /// <summary>Keeps the tensors' buffers alive until <see cref="Take"/>; called before the operation starts.</summary>
    internal static void Hold(in Tensor first, in Tensor second)
    {
        var taken = false;
        first.Buffer?.DangerousAddRef(ref taken);
        second.Buffer?.DangerousAddRef(ref taken);
    }

    internal static void Unhold(in Tensor first, in Tensor second)
    {
        first.Buffer?.DangerousRelease();
        second.Buffer?.DangerousRelease();
    }

    internal void Remember(long operation, in Tensor first, in Tensor second)
    {
        lock (_gate)
        {
            var slot = (int)(operation & SlotMask);
            if (slot >= _held.Length)
            {
                Array.Resize(ref _held, Math.Max(slot + 1, 2 * _held.Length));
            }

            _held[slot] = new Held(operation, first.Buffer, second.Buffer);
        }
    }

    /// <summary>What an operation holds, now the caller's to release after its wait. Before it: the wait gives its slot to the next operation.</summary>
    internal Held Take(long operation)
    {
        lock (_gate)
        {
            var slot = (int)(operation & SlotMask);
            if (operation == 0 || slot >= _held.Length || _held[slot].Operation != operation)
            {
                return default;
            }

            var held = _held[slot];
            _held[slot] = default;
            return held;
        }
    }

    /// <summary>For a communicator that is gone: nothing touches the buffers any more.</summary>
    internal void ReleaseAll()
    {
        lock (_gate)
        {
            foreach (var held in _held)
            {
                held.Release();
            }

            _held = [];
            _slabs.Clear();
        }
    }

    private long SlabOf(nint comm, DeviceBuffer buffer)
    {
        lock (_gate)
        {
            if (_slabs.TryGetValue(buffer, out var slab))
            {
                return slab;
            }

            if (buffer.SharedDescriptor is not { } descriptor)
            {
                return 0;
            }

            DropClosed(comm);
            _library.Check(_library.SlabRegister(comm, descriptor, (void*)buffer.HostAddress, buffer.ByteCount, &slab));
            _slabs[buffer] = slab;
            return slab;
        }
    }

    // A disposed buffer's slab would stay mapped here and in every peer. One that an operation still reads is left for the next time.
    private void DropClosed(nint comm)
    {
        foreach (var (buffer, slab) in _slabs.Where(entry => entry.Key.IsClosed).ToArray())
        {
            if (_library.SlabUnregister(comm, slab) == NativeStatus.Ok)
            {
                _slabs.Remove(buffer);
            }
        }
    }

    internal readonly record struct Held(long Operation, DeviceBuffer? First, DeviceBuffer? Second)
    {
        internal void Release()
        {
            First?.DangerousRelease();
            Second?.DangerousRelease();
        }
    }
}
