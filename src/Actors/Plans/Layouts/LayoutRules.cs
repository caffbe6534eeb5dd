using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

/// <summary>Which layouts can be made.</summary>
internal static class LayoutRules
{
    // Keeps tokens times the sum of speeds inside 64 bits for any sequence of up to 2^42 tokens.
    private const long LargestSumOfSpeeds = 1 << 20;
    private const long LargestTokens = 1L << 42;

    internal static void Check(LayoutKind kind, long tokens, ImmutableArray<int> speeds)
    {
        if (speeds.IsDefaultOrEmpty)
        {
            throw Invariant.Refuse($"ranks = 0: a sequence needs at least one rank; nearest possible: ranks = 1");
        }

        var sum = 0L;
        for (var rank = 0; rank < speeds.Length; rank++)
        {
            if (speeds[rank] < 1)
            {
                throw Invariant.Refuse($"rank {rank}: speed = {speeds[rank]} must be at least 1; nearest possible: 1");
            }

            sum += speeds[rank];
        }

        if (sum > LargestSumOfSpeeds)
        {
            throw Invariant.Refuse($"speeds: their sum {sum} is above {LargestSumOfSpeeds}; nearest possible: divide all of them by {Division.Ceiling(sum, LargestSumOfSpeeds)}");
        }

        if (tokens > LargestTokens)
        {
            throw Invariant.Refuse($"tokens = {tokens} is above {LargestTokens}; nearest possible: {LargestTokens}");
        }

        if (tokens < speeds.Length)
        {
            throw Invariant.Refuse($"tokens = {tokens} cannot be dealt out to {speeds.Length} ranks; nearest possible: ranks = {Math.Max(tokens, 1)} or tokens = {speeds.Length}");
        }

        if (kind == LayoutKind.Stripe && speeds.Any(speed => speed != speeds[0]))
        {
            var odd = Enumerable.Range(0, speeds.Length).First(rank => speeds[rank] != speeds[0]);
            throw Invariant.Refuse($"rank {odd}: speed = {speeds[odd]} differs from {speeds[0]} of rank 0, and stripe deals out one token to every rank in turn; nearest possible: layout = zigzag, or all speeds equal");
        }

        // Cut points are rounded down, so a share is empty only if its proportion is below one token.
        var cuts = Division.Cuts(tokens, speeds);
        for (var rank = 0; rank < speeds.Length; rank++)
        {
            if (cuts[rank + 1] == cuts[rank])
            {
                throw Invariant.Refuse($"rank {rank}: speed = {speeds[rank]} of {sum} gets no token of {tokens}; nearest possible: tokens = {Division.Ceiling(sum, speeds.Min())}");
            }
        }
    }
}
