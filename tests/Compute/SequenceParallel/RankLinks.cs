using ActorRing.Actors.Ids;
using ActorRing.Compute.Communication;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.SequenceParallel;

/// <summary>One rank's communicators to the other ranks of this process.</summary>
internal sealed class RankLinks : IDisposable
{
    private RankLinks(Communicator blocks, Communicator results)
    {
        Blocks = blocks;
        Results = results;
    }

    internal Communicator Blocks { get; }

    internal Communicator Results { get; }

    internal SequenceLinks Links => new(Blocks, Results);

    public void Dispose()
    {
        Blocks.Dispose();
        Results.Dispose();
    }

    /// <summary>Called by every rank on its own thread.</summary>
    internal static RankLinks Connect(InMemoryRendezvous meeting, SequenceRank rank, int size, TransportKind transport = TransportKind.Loopback)
    {
        var secret = new byte[32];
        CommunicatorOptions Options(string name) => new() { Transport = transport, Name = name, Secret = secret, Deadline = TimeSpan.FromSeconds(60) };
        return new(Communicator.Connect(Options("blocks"), rank.Index, size, 1, meeting), Communicator.Connect(Options("results"), rank.Index, size, 1, meeting));
    }
}
