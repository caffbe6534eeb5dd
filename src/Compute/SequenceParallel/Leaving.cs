using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>What one rank has sent and others may still read: its buffers are free when they have let go.</summary>
/// <remarks>A link that lends leaves bytes with the sender until the last reader is done with them, which may be after the pass that sent them: so they stay here from pass to pass.</remarks>
/// <param name="staging">Where the buffers go back to.</param>
/// <param name="isLent">Whether receivers read in place; else they copy.</param>
internal sealed class Leaving(Staging staging, bool isLent)
{
    private readonly List<(Transfer Transfer, RowMessage? Message, Pending Pending)> _sent = [];

    /// <summary>Adds what was sent. The message is given away, unless it is lent itself: then whoever holds it gives it back, and its owner waits for the readers.</summary>
    internal void Add(Transfer transfer, RowMessage message, Pending pending) => _sent.Add((transfer, message.Loan is null ? message : null, pending));

    /// <summary>Gives back the buffers of what has been let go of by the time of a step.</summary>
    internal void BeginStep(int step)
    {
        if (isLent)
        {
            Release(static sent => sent.Pending.IsComplete);
            return;
        }

        // What was sent two steps ago for the step after that has been taken: its receiver was ready a step ago. What skips steps may wait for a rank that waits for this one.
        Release(sent => sent.Transfer.SendStep.Index + 2 <= step && sent.Transfer.Step.Index <= sent.Transfer.SendStep.Index + 1);
    }

    /// <summary>Waits for what is copied; gives back of what is lent what has been let go of.</summary>
    internal void EndPass() => Release(sent => !isLent || sent.Pending.IsComplete);

    /// <summary>Waits until everything has been let go of.</summary>
    internal void Wait() => Release(static _ => true);

    private void Release(Predicate<(Transfer Transfer, RowMessage? Message, Pending Pending)> isDue)
    {
        for (var at = _sent.Count - 1; at >= 0; at--)
        {
            if (!isDue(_sent[at]))
            {
                continue;
            }

            var (_, message, pending) = _sent[at];
            _sent.RemoveAt(at);
            pending.Wait();
            if (message is not null)
            {
                staging.Release(message);
            }
        }
    }
}
