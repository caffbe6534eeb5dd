using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <summary>Which ranks of one epoch have reported which update. An update is agreed once all of them reported the same state after it, in order.</summary>
/// <remarks>Invariant: no more than run-ahead + 1 updates are open; ranks cannot report beyond, because they may not run beyond.</remarks>
internal sealed class StepLedger
{
    private readonly Slot[] _slots;
    private readonly Mutation _mutation;

    internal StepLedger(int ranks, int runAhead, long from, Mutation mutation)
    {
        _slots = new Slot[runAhead + 1];
        _mutation = mutation;
        Agreed = from;
        for (var at = 0; at < _slots.Length; at++)
        {
            _slots[at] = new(ranks);
        }
    }

    /// <summary>Updates agreed in this epoch, those before its start included.</summary>
    internal long Agreed { get; private set; }

    /// <summary>Notes a report.</summary>
    /// <returns>What is wrong with it; <see cref="EpochEnd.None"/> if nothing is, or if it says nothing new.</returns>
    internal EpochEnd Report(int rank, TrainStepCompleted report)
    {
        if (report.StepsDone <= Agreed || report.StepsDone > Agreed + _slots.Length)
        {
            return EpochEnd.None;
        }

        if (!report.Report.IsFinite && _mutation != Mutation.CommitNonFinite)
        {
            return EpochEnd.NonFinite;
        }

        var slot = _slots[report.StepsDone % _slots.Length];
        if (slot.Ranks.Add(rank))
        {
            slot.First ??= report;
            slot.Report = rank == 0 ? report.Report : slot.Report ?? report.Report;
            if (slot.First.Digest != report.Digest && _mutation != Mutation.CommitWithoutComparing)
            {
                return EpochEnd.DigestMismatch;
            }
        }
        else if (_mutation == Mutation.CommitByCount)
        {
            slot.Ranks.CountTwice();
        }

        return EpochEnd.None;
    }

    /// <summary>The next update, if all ranks agree on it.</summary>
    internal TrainStepCompleted? Ready()
    {
        var slot = Next;
        return slot.Ranks.IsFull ? slot.First! with { Report = slot.Report! } : null;
    }

    /// <summary>Goes on to the next update.</summary>
    internal void Agree()
    {
        Next.Clear();
        Agreed++;
    }

    private Slot Next => _slots[(Agreed + 1) % _slots.Length];

    private sealed class Slot(int ranks)
    {
        internal RankSet Ranks { get; } = new(ranks);

        internal TrainStepCompleted? First { get; set; }

        internal StepReport? Report { get; set; }

        internal void Clear()
        {
            Ranks.Clear();
            First = null;
            Report = null;
        }
    }
}
