using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <summary>What to say when ranks do not agree before the first byte moves.</summary>
internal static class Negotiation
{
    internal static string Blame(GlobalRank rank, PlanAnswer answer) => answer switch
    {
        { Refusal.Length: > 0 } => Text.Of($"rank {rank.Index}: {answer.Refusal}"),
        { Difference: { } difference } => difference.Blame(rank),
        _ => Text.Of($"rank {rank.Index}: its plan has the hash {answer.PlanHash}, not that of the job"),
    };

    /// <summary>The first rank whose libraries are not those of the most ranks; null if all are equal.</summary>
    internal static (GlobalRank Rank, string Text)? OddOneOut(IReadOnlyList<string> fingerprints)
    {
        SortedDictionary<string, int> counts = new(StringComparer.Ordinal);
        var usual = fingerprints[0];
        foreach (var fingerprint in fingerprints)
        {
            counts[fingerprint] = counts.TryGetValue(fingerprint, out var count) ? count + 1 : 1;
            usual = counts[fingerprint] > counts[usual] ? fingerprint : usual;
        }

        for (var rank = 0; counts.Count > 1 && rank < fingerprints.Count; rank++)
        {
            if (fingerprints[rank] != usual)
            {
                return (new(rank), Text.Of($"rank {rank}: library = {fingerprints[rank]}; nearest possible: {usual}, as on the other ranks"));
            }
        }

        return null;
    }
}
