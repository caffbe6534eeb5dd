using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Model;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Inference;

// Shape letters: S tokens of the prompt, T of them on this rank, P ranks.

/// <summary>Which tokens of a prompt this rank has, and how they attend those of the others.</summary>
/// <remarks>
/// A prompt of fewer tokens than ranks is padded at its end to one each. Padding stands after every token, so that causal attention hides it, and never enters the cache.
/// </remarks>
internal sealed class PromptShare : IDisposable
{
    private readonly TokenLayout _layout;
    private readonly int _rank;

    private PromptShare(int tokens, TokenLayout layout, int rank, PlannedAttention? attention)
    {
        Tokens = tokens;
        Attention = attention;
        _layout = layout;
        _rank = rank;
        Positions = [.. from row in Enumerable.Range(0, (int)layout.Count(rank)) select layout.PositionOf(rank, row)];
    }

    /// <summary>S, padding not counted.</summary>
    internal int Tokens { get; }

    /// <summary>Positions <c>[T]</c>; those from S on are padding.</summary>
    internal long[] Positions { get; }

    /// <summary>By the plan; null for one rank alone.</summary>
    internal PlannedAttention? Attention { get; }

    /// <summary>The share of one rank alone: everything.</summary>
    internal static PromptShare Whole(int tokens) => new(tokens, TokenLayout.Create(LayoutKind.Contiguous, tokens, 1), 0, null);

    /// <summary>One rank's share.</summary>
    /// <exception cref="PlanException">The mode cannot share a prompt between so many ranks.</exception>
    internal static PromptShare Of(ComputeDevice device, ModelDims dims, ElementType type, InferenceSeat seat, int tokens, long sink)
    {
        var plan = PromptPlan.Of(dims, type, seat.Mode, seat.Ranks, tokens, sink);
        return new(tokens, plan.SequenceLayout(), seat.Rank.Index, new PlannedAttention(device, plan, seat.Rank, seat.Links));
    }

    /// <summary>Puts the tokens that this rank holds into the cache's list, rows as they were projected.</summary>
    internal void Keep(KvCache cache)
    {
        var row = 0;
        foreach (var run in _layout.Runs(_rank))
        {
            var count = Enumerable.Range(0, (int)run.Count).TakeWhile(at => run.At(at) < Tokens).Count();
            if (count > 0)
            {
                cache.Add(row, run.Slice(0, count));
            }

            row += (int)run.Count;
        }
    }

    /// <summary>The rank that holds the prompt's last token, and the row in which it does.</summary>
    internal (int Rank, int Row) Last()
    {
        for (var rank = 0; rank < _layout.Shares; rank++)
        {
            var row = 0L;
            foreach (var run in _layout.Runs(rank))
            {
                var distance = Tokens - 1 - run.Start;
                if (distance >= 0 && distance % run.Step == 0 && distance / run.Step < run.Count)
                {
                    return (rank, (int)(row + (distance / run.Step)));
                }

                row += run.Count;
            }
        }

        throw new InvalidOperationException("no rank has the last token: the layout leaves tokens out");
    }

    public void Dispose()
    {
        try
        {
            // Others may still read what this rank lent.
            Attention?.Settle();
        }
        catch (CommunicationException)
        {
            // Whoever the links have lost reads nothing any more.
        }

        Attention?.Dispose();
    }
}
