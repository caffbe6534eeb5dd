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
            slot.Reports[rank] = report.Report;
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

    /// <summary>What the next update was like for each rank, if all ranks agree on it: valid until <see cref="Agree"/>.</summary>
    internal ReadOnlySpan<StepReport> Reports => Next.Reports;

    /// <summary>Goes on to the next update.</summary>
    internal void Agree()
    {
        Next.Clear();
        Agreed++;
    }

    private Slot Next => _slots[(Agreed + 1) % _slots.Length];

    private sealed class Slot
    {
        private static readonly StepReport None = new(0, 0, 0, TimeSpan.Zero, 0, TimeSpan.Zero);

        internal Slot(int ranks)
        {
            (Ranks, Reports) = (new(ranks), new StepReport[ranks]);
            Reports.AsSpan().Fill(None);
        }

        internal RankSet Ranks { get; }

        internal TrainStepCompleted? First { get; set; }

        internal StepReport? Report { get; set; }

        internal StepReport[] Reports { get; }

        internal void Clear()
        {
            Ranks.Clear();
            First = null;
            Report = null;
            Reports.AsSpan().Fill(None);
        }
    }
}
