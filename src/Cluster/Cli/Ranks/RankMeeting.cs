using ActorRing.Compute.Communication;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Ranks;

/// <summary>The communicators of a rank process.</summary>
internal sealed class RankMeeting : IDisposable
{
    private readonly List<ICommunicator> _open = [];

    /// <summary>Meets the other ranks.</summary>
    /// <exception cref="CommunicationException">Somebody did not come, or was not admitted.</exception>
    internal RankMeeting(RankPlace place, TransportKind transport = TransportKind.SharedMemory)
    {
        var options = new CommunicatorOptions
        {
            Transport = transport,
            Secret = File.ReadAllBytes(Path.Combine(place.Folder, RankPlace.SecretFile)),
            Deadline = TimeSpan.FromMinutes(5),
        };
        var meeting = new FileRendezvous(Path.Combine(place.Folder, "meeting"));
        Links = new SequenceLinks(Connect("blocks"), Connect("results"));
        All = Connect("all");

        ICommunicator Connect(string name)
        {
            var communicator = Communicator.Connect(options with { Name = name }, place.Rank.Index, place.Ranks, 1, meeting);
            _open.Add(communicator);
            return communicator;
        }
    }

    /// <summary>For attention.</summary>
    internal SequenceLinks Links { get; }

    /// <summary>For the update.</summary>
    internal ICommunicator All { get; }

    /// <summary>What attention sent so far, and its transfers in both directions.</summary>
    internal (long Bytes, long Operations) Sent =>
        (Links.Blocks.Counters.SentBytes + Links.Results.Counters.SentBytes, Links.Blocks.Counters.Operations + Links.Results.Counters.Operations);

    public void Dispose() => _open.ForEach(communicator => communicator.Dispose());
}
