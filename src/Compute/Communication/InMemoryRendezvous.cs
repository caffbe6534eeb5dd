using System.Diagnostics;

namespace ActorRing.Compute.Communication;

/// <summary>A rendezvous for ranks of one process.</summary>
public sealed class InMemoryRendezvous : IRendezvous
{
    private readonly Dictionary<(string Group, int Rank), byte[]> _endpoints = [];

    /// <inheritdoc/>
    public void Publish(string group, int rank, ReadOnlySpan<byte> endpoint)
    {
        var bytes = endpoint.ToArray();
        lock (_endpoints)
        {
            if (!_endpoints.TryAdd((group, rank), bytes))
            {
                throw new InvalidOperationException($"rank {rank} of {group} has published already");
            }

            Monitor.PulseAll(_endpoints);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Collect(string group, int size, TimeSpan deadline, CancellationToken cancellation)
    {
        using var wake = cancellation.Register(() =>
        {
            lock (_endpoints)
            {
                Monitor.PulseAll(_endpoints);
            }
        });
        var clock = Stopwatch.StartNew();
        lock (_endpoints)
        {
            for (; ; )
            {
                cancellation.ThrowIfCancellationRequested();
                var missing = Enumerable.Range(0, size).FirstOrDefault(rank => !_endpoints.ContainsKey((group, rank)), -1);
                if (missing < 0)
                {
                    return [.. Enumerable.Range(0, size).Select(rank => _endpoints[(group, rank)])];
                }

                var left = deadline - clock.Elapsed;
                if (left <= TimeSpan.Zero || !Monitor.Wait(_endpoints, left))
                {
                    throw new TimeoutException($"rank {missing} of {group} did not publish its endpoint within {deadline.TotalMilliseconds:F0} ms");
                }
            }
        }
    }
}
