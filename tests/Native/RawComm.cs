using System.Runtime.InteropServices;

namespace ActorRing.Native.Specs;

/// <summary>libar_comm at its rawest, and connected pairs of communicators to misuse.</summary>
internal sealed unsafe class RawComm : IDisposable
{
    internal const long Patience = 20_000;

    private readonly List<nint> _comms = [];

    internal CommLibraryTable Table { get; } = new();

    internal string LastError => Marshal.PtrToStringUTF8((nint)Table.LastError())!;

    internal CommFailure LastFailure
    {
        get
        {
            CommFailure failure;
            Assert.Equal(NativeStatus.Ok, Table.LastFailure(&failure));
            return failure;
        }
    }

    internal nint Listen(int rank, int size = 2, TransportKind transport = TransportKind.SharedMemory, long epoch = 1)
    {
        var options = new CommOptions { Transport = (int)transport, Rank = rank, Size = size, Epoch = epoch };
        nint comm;
        Require(Table.Listen(&options, &comm));
        _comms.Add(comm);
        return comm;
    }

    internal byte[] Endpoint(nint comm)
    {
        long count;
        Require(Table.Endpoint(comm, null, 0, &count));
        var bytes = new byte[count];
        fixed (byte* pinned = bytes)
        {
            Require(Table.Endpoint(comm, pinned, count, &count));
        }

        return bytes;
    }

    internal NativeStatus Connect(nint comm, IEnumerable<byte[]> endpoints, long deadlineMilliseconds = Patience)
    {
        var parts = endpoints.ToArray();
        fixed (byte* all = parts.SelectMany(part => part).ToArray())
        fixed (long* counts = parts.Select(part => (long)part.Length).ToArray())
        {
            return Table.Connect(comm, all, counts, deadlineMilliseconds);
        }
    }

    /// <summary>Two connected ranks in this thread's hands.</summary>
    internal (nint Zero, nint One) Pair(TransportKind transport = TransportKind.SharedMemory)
    {
        var zero = Listen(0, transport: transport);
        var one = Listen(1, transport: transport);
        byte[][] endpoints = [Endpoint(zero), Endpoint(one)];
        var other = new Thread(() => Require(Connect(one, endpoints)));
        other.Start();
        Require(Connect(zero, endpoints));
        other.Join();
        return (zero, one);
    }

    internal void Require(NativeStatus status) => Assert.True(status == NativeStatus.Ok, $"{status}: {LastError}");

    /// <summary>Asserts the status and that the failure is told in one line of text.</summary>
    internal void RequireFailure(NativeStatus expected, NativeStatus actual, string what)
    {
        var message = LastError;
        Assert.True(expected == actual, $"{what}: status {actual}, expected {expected}; last error '{message}'");
        Assert.True(message.Length > 0 && !message.Contains('\n', StringComparison.Ordinal), $"{what}: '{message}' is not one line of text");
    }

    /// <summary>Freed by the spec itself.</summary>
    internal void Forget(nint comm) => _comms.Remove(comm);

    public void Dispose()
    {
        foreach (var comm in _comms)
        {
            Require(Table.Free(comm));
        }
    }
}
