using System.Runtime.ExceptionServices;

namespace ActorRing.Compute.Specs.SequenceParallel;

/// <summary>Ranks as threads of this process.</summary>
internal static class RankThreads
{
    /// <summary>Runs a body once for every rank and waits for all; the first failure is thrown here.</summary>
    internal static void Run(int ranks, Action<int> body)
    {
        var failures = new Exception?[ranks];
        var threads = Enumerable.Range(0, ranks).Select(rank => new Thread(() =>
        {
            try
            {
                body(rank);
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                failures[rank] = failure;
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        if (failures.FirstOrDefault(failure => failure is not null) is { } first)
        {
            ExceptionDispatchInfo.Throw(first);
        }
    }
}
