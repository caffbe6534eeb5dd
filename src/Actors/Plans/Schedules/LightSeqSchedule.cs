using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

// Shape letters: P ring ranks.

/// <summary>Causal attention over contiguous blocks in P / 2 + 1 steps (<c>lightseq</c>): ranks at the front, who see little, help ranks at the back.</summary>
/// <remarks>
/// At step t, 1 to P / 2 rounded down, rank r with r >= t attends its own queries to the keys of rank r - t. Rank r below t has none so far back and helps rank
/// r - t + P, its owner: it attends the owner's queries to its own keys and returns a partial result. An even P has the distance P / 2 once only: in the last
/// step nobody helps. Backward is the same, with dk and dv of a helper staying where they belong. Source: arXiv:2310.03294, odd P added.
/// </remarks>
internal sealed class LightSeqSchedule(BlockNeeds needs, int ranks) : IBlockSchedule
{
    public int StepCount => (ranks / 2) + 1;

    public void AddSteps(RingRank rank, SchedulePass pass, Wire wire, StepList steps)
    {
        steps.At(0).Calls.AddRange(needs.Calls(rank.Index, rank.Index));
        for (var step = 1; step < StepCount; step++)
        {
            if (rank.Index >= step)
            {
                Fetch(rank.Index, rank.Index - step, step, pass, wire, steps);
            }
            else if (2 * step < ranks)
            {
                Help(rank.Index, rank.Index - step + ranks, step, pass, wire, steps);
            }

            // The other side of the same two: who fetches from this rank, and who helps it.
            if (rank.Index + step < ranks)
            {
                Give(rank.Index, rank.Index + step, step, pass, wire, steps);
            }
            else if (2 * step < ranks)
            {
                BeHelped(rank.Index, rank.Index + step - ranks, step, pass, wire, steps);
            }
        }
    }

    private void Fetch(int rank, int giver, int step, SchedulePass pass, Wire wire, StepList steps)
    {
        var rows = needs.Keys(rank, giver);
        if (rows.IsEmpty)
        {
            return;
        }

        steps.At(step).Arrivals.Add(wire.Between(pass, Payload.KeyValue, step - 1, step, giver, rank, giver, rows));
        steps.At(step).Calls.AddRange(needs.Calls(rank, giver));
        if (pass == SchedulePass.Backward)
        {
            steps.At(step).Results.Add(wire.Between(pass, Payload.KeyValueGradient, step, step + 1, rank, giver, giver, rows));
        }
    }

    private void Give(int rank, int fetcher, int step, SchedulePass pass, Wire wire, StepList steps)
    {
        var rows = needs.Keys(fetcher, rank);
        if (rows.IsEmpty)
        {
            return;
        }

        steps.At(step - 1).Departures.Add(wire.Between(pass, Payload.KeyValue, step - 1, step, rank, fetcher, rank, rows));
        if (pass == SchedulePass.Backward)
        {
            steps.At(step + 1).Merges.Add(wire.Between(pass, Payload.KeyValueGradient, step, step + 1, fetcher, rank, rank, rows));
        }
    }

    private void Help(int rank, int owner, int step, SchedulePass pass, Wire wire, StepList steps)
    {
        var rows = needs.Queries(owner, rank);
        if (rows.IsEmpty)
        {
            return;
        }

        var (question, answer) = Payloads(pass);
        steps.At(step).Arrivals.Add(wire.Between(pass, question, step - 1, step, owner, rank, owner, rows));
        steps.At(step).Calls.AddRange(needs.Calls(owner, rank, cutsQueries: true));
        steps.At(step).Results.Add(wire.Between(pass, answer, step, step + 1, rank, owner, owner, rows));
    }

    private void BeHelped(int rank, int helper, int step, SchedulePass pass, Wire wire, StepList steps)
    {
        var rows = needs.Queries(rank, helper);
        if (rows.IsEmpty)
        {
            return;
        }

        var (question, answer) = Payloads(pass);
        steps.At(step - 1).Departures.Add(wire.Between(pass, question, step - 1, step, rank, helper, rank, rows));
        steps.At(step + 1).Merges.Add(wire.Between(pass, answer, step, step + 1, helper, rank, rank, rows));
    }

    private static (Payload Question, Payload Answer) Payloads(SchedulePass pass) =>
        pass == SchedulePass.Forward ? (Payload.Query, Payload.PartialOutput) : (Payload.QueryAndOutputGradient, Payload.QueryGradient);
}
