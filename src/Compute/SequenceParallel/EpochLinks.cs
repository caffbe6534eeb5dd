using System.Security.Cryptography;
using System.Text;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>All communicators of one rank in one epoch: two between the ranks of its sequence, two between all ranks. Opened, exchanged, connected, aborted together.</summary>
/// <remarks><see cref="Abort"/> and <see cref="Waiting"/> may be called from any thread at any time; the rest from the rank's own.</remarks>
public sealed class EpochLinks : IDisposable
{
    private const char Separator = '.';

    // Before it those of the sequence, from it on those of all ranks.
    private const int FirstOfAll = 2;

    private readonly SequenceParallelPlan _plan;
    private readonly int _replica;
    private readonly CommunicatorEndpoint[] _endpoints;
    private readonly CancellationTokenSource _aborted = new();
    private readonly Lock _gate = new();
    private Communicator[] _open = [];
    private bool _disposed;

    /// <summary>Opens this rank's side of all.</summary>
    /// <param name="plan">Agreed on.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="epoch">Another number for every epoch of the job.</param>
    /// <param name="options">Transport and deadlines; name and secret are given here.</param>
    /// <exception cref="NotSupportedException">The transport is not to be had here; the message names what is missing.</exception>
    public EpochLinks(SequenceParallelPlan plan, GlobalRank rank, long epoch, CommunicatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(options);
        var mesh = plan.Mesh;
        (_plan, _replica) = (plan, mesh.ReplicaOf(rank));
        var (sequenceRank, sequenceRanks) = (mesh.SequenceRankOf(rank).Index, mesh.Ranks / mesh.DataParallel);
        _endpoints =
        [
            CommunicatorEndpoint.Open(options with { Name = $"blocks-{_replica}" }, sequenceRank, sequenceRanks, epoch),
            CommunicatorEndpoint.Open(options with { Name = $"results-{_replica}" }, sequenceRank, sequenceRanks, epoch),
            CommunicatorEndpoint.Open(options with { Name = "all" }, rank.Index, mesh.Ranks, epoch),
            CommunicatorEndpoint.Open(options with { Name = "replicas" }, rank.Index, mesh.Ranks, epoch),
        ];
    }

    /// <summary>What the other ranks need, as one text.</summary>
    public string Endpoint => string.Join(Separator, _endpoints.Select(endpoint => Convert.ToBase64String(endpoint.Bytes)));

    /// <summary>For attention; after <see cref="Connect"/>.</summary>
    public SequenceLinks Sequence => new(_open[0], _open[1]);

    /// <summary>For updates; after <see cref="Connect"/>.</summary>
    public ICommunicator All => _open[FirstOfAll];

    /// <summary>For copies of states, beside everything else; after <see cref="Connect"/>.</summary>
    public ICommunicator Replicas => _open[FirstOfAll + 1];

    /// <summary>Payload sent, and time in which the compute thread waited for others; copies of states not counted.</summary>
    public (long SentBytes, TimeSpan Waited) Totals
    {
        get
        {
            var computing = _open.Take(FirstOfAll + 1).Select(communicator => communicator.Counters).ToList();
            return (computing.Sum(counters => counters.SentBytes), computing.Aggregate(TimeSpan.Zero, (sum, counters) => sum + counters.Waited));
        }
    }

    /// <summary>Whose part this rank waits for at this moment; null where it does not wait.</summary>
    public (GlobalRank Peer, HopLabel Label, TimeSpan Waited)? Waiting
    {
        get
        {
            lock (_gate)
            {
                for (var at = 0; at < _open.Length; at++)
                {
                    if (_open[at].Waiting is { Peer: >= 0 } waiting)
                    {
                        return (GlobalOf(at, waiting.Peer), waiting.Label, waiting.Waited);
                    }
                }

                return null;
            }
        }
    }

    /// <summary>Connects with all ranks of the epoch.</summary>
    /// <param name="endpoints">Of all ranks, by global rank.</param>
    /// <param name="secret">Known to the ranks of the epoch only.</param>
    /// <exception cref="CommunicationException">A rank was refused, was lost or did not come, or <see cref="Abort"/> was called.</exception>
    /// <exception cref="InvalidDataException">An endpoint is none.</exception>
    public void Connect(IReadOnlyList<string> endpoints, string secret)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(secret));
        var parts = endpoints.Select(Parts).ToArray();
        var mesh = _plan.Mesh;
        var sequence = Enumerable.Range(0, mesh.Ranks / mesh.DataParallel).Select(rank => mesh.GlobalRankOf(_replica, new SequenceRank(rank)).Index).ToArray();
        for (var at = 0; at < _endpoints.Length; at++)
        {
            byte[][] peers = [.. (at >= FirstOfAll ? Enumerable.Range(0, mesh.Ranks) : sequence).Select(rank => parts[rank][at])];
            var communicator = ConnectOne(at, peers, bytes);
            lock (_gate)
            {
                _open = [.. _open, communicator];
                if (_aborted.IsCancellationRequested)
                {
                    communicator.Abort("the epoch is over");
                }
            }
        }
    }

    /// <summary>The rank that a failed transfer blames, of all ranks of the job; null where none is known.</summary>
    public GlobalRank? Blamed(CommunicationException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return failure.Peer < 0 ? null : GlobalOf(failure.Label.Layer < 0 ? FirstOfAll : 0, failure.Peer);
    }

    /// <summary>Frees whoever waits, now. Harmless twice.</summary>
    public void Abort(string reason)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _aborted.Cancel();
            foreach (var communicator in _open)
            {
                communicator.Abort(reason);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var communicator in _open)
            {
                communicator.Dispose();
            }

            _open = [];
            _disposed = true;
        }

        foreach (var endpoint in _endpoints)
        {
            endpoint.Dispose();
        }

        _aborted.Dispose();
    }

    private Communicator ConnectOne(int at, byte[][] peers, byte[] secret)
    {
        try
        {
            return _endpoints[at].Connect(peers, secret, _aborted.Token);
        }
        catch (OperationCanceledException)
        {
            throw new CommunicationException("the epoch is over", CommunicationFailure.Aborted, Native.TransportOperation.Connect, -1, default);
        }
    }

    private GlobalRank GlobalOf(int at, int peer) => at >= FirstOfAll ? new GlobalRank(peer) : _plan.Mesh.GlobalRankOf(_replica, new SequenceRank(peer));

    private static byte[][] Parts(string endpoint)
    {
        try
        {
            return endpoint.Split(Separator).Select(Convert.FromBase64String).ToArray() is { Length: FirstOfAll + 2 } parts ? parts : throw new FormatException("four parts are needed");
        }
        catch (FormatException flaw)
        {
            throw new InvalidDataException($"endpoint '{endpoint}': {flaw.Message}", flaw);
        }
    }
}
