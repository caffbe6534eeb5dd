using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

/// <summary>Collects the steps of one rank and pass in any order.</summary>
/// <param name="stepCount">Steps with calls; one more is kept for what comes home.</param>
internal sealed class StepList(int stepCount)
{
    private readonly Draft?[] _drafts = new Draft?[stepCount + 1];

    internal Draft At(int step) => _drafts[step] ??= new();

    internal ImmutableArray<RankStep> ToSteps()
    {
        MarkFirstAndLast();
        var steps = ImmutableArray.CreateBuilder<RankStep>(_drafts.Length);
        for (var step = 0; step < _drafts.Length; step++)
        {
            if (_drafts[step] is { } draft)
            {
                steps.Add(new(new(step), [.. draft.Arrivals], [.. draft.Departures], [.. draft.Calls], [.. draft.Merges], [.. draft.Results]));
            }
        }

        return steps.ToImmutable();
    }

    private void MarkFirstAndLast()
    {
        var seen = new List<(BlockCall Call, Draft Draft, int At)>();
        foreach (var draft in _drafts)
        {
            for (var at = 0; draft is not null && at < draft.Calls.Count; at++)
            {
                var call = draft.Calls[at];
                var before = seen.FindIndex(other => SameQueries(other.Call, call));
                draft.Calls[at] = call with { IsFirst = before < 0 };
                if (before < 0)
                {
                    seen.Add((call, draft, at));
                }
                else
                {
                    seen[before] = (call, draft, at);
                }
            }
        }

        foreach (var (_, draft, at) in seen)
        {
            draft.Calls[at] = draft.Calls[at] with { IsLast = true };
        }
    }

    private static bool SameQueries(in BlockCall one, in BlockCall other) =>
        one.QueryBlock == other.QueryBlock && one.QueryRun == other.QueryRun && one.Group == other.Group;

    internal sealed class Draft
    {
        internal List<Transfer> Arrivals { get; } = [];

        internal List<Transfer> Departures { get; } = [];

        internal List<BlockCall> Calls { get; } = [];

        internal List<Transfer> Merges { get; } = [];

        internal List<Transfer> Results { get; } = [];
    }
}
