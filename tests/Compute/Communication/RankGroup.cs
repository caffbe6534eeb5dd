using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>One rank of a group under test: its communicator and a device to make buffers on.</summary>
internal sealed class TestRank(ICommunicator communicator, ComputeDevice device) : IDisposable
{
    // Ranks that are threads read each other's memory, also those that have not heard yet that it is over: it stays until the group is gone.
    private readonly List<DeviceBuffer> _buffers = [];

    internal ICommunicator Communicator { get; } = communicator;

    internal ComputeDevice Device { get; } = device;

    /// <summary>A tensor of given floats; the absent tensor for none.</summary>
    internal Tensor Floats(ReadOnlySpan<float> values)
    {
        if (values.IsEmpty)
        {
            return default;
        }

        var tensor = Floats(values.Length);
        Device.Write(values, tensor);
        return tensor;
    }

    internal Tensor Floats(long count) => count == 0 ? default : Tensor.Of(Buffer(count * sizeof(float)), 0, ElementType.Float32, count);

    internal DeviceBuffer Buffer(long byteCount)
    {
        _buffers.Add(Device.CreateBuffer(byteCount));
        return _buffers[^1];
    }

    public void Dispose()
    {
        Communicator.Dispose();
        Device.Dispose();
    }
}

/// <summary>Runs all ranks of a group as threads of this process.</summary>
internal static class RankGroup
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    internal static CommunicatorOptions Options(TransportKind transport, TimeSpan? deadline = null) => new()
    {
        Transport = transport,
        Deadline = deadline ?? Patience,
        ConnectDeadline = Patience,
        Secret = new byte[32],
    };

    internal static TestRank Open(CommunicatorOptions options, int rank, int size, IRendezvous rendezvous, long epoch = 1) =>
        new(Communicator.Connect(options, rank, size, epoch, rendezvous), NativeBackend.LoadCpu().Open(1));

    /// <summary>Connects, runs the body on every rank, and throws what the first failing rank threw.</summary>
    internal static void Run(CommunicatorOptions options, int size, Action<TestRank> body)
    {
        var rendezvous = new InMemoryRendezvous();
        var ranks = new TestRank?[size];
        RunThreads(size, rank =>
        {
            using var self = ranks[rank] = Open(options, rank, size, rendezvous);
            body(self);
        });
        GC.KeepAlive(ranks);
    }

    /// <summary>Runs a body per rank on a thread each; a rank that hangs is named.</summary>
    internal static void RunThreads(int size, Action<int> body)
    {
        var failures = new Exception?[size];
        var threads = Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                body(rank);
            }
            catch (Exception error)
            {
                failures[rank] = error;
            }
        })
        { IsBackground = true }).ToArray();
        foreach (var thread in threads)
        {
            thread.Start();
        }

        for (var rank = 0; rank < size; rank++)
        {
            Assert.True(threads[rank].Join(TimeSpan.FromMinutes(2)), $"rank {rank} of {size} hangs");
        }

        var failed = Enumerable.Range(0, size).Where(rank => failures[rank] is not null).Select(rank => $"rank {rank}: {failures[rank]}").ToArray();
        Assert.True(failed.Length == 0, string.Join('\n', failed));
    }
}
