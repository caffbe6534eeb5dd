using System.Collections.Immutable;
using ActorRing.Actors.Plans;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

// Shape letters: B batch, T tokens of this rank's block, N query heads and K KV heads of this rank, H head dim.

/// <summary>
/// Attention of one block of tokens to all blocks, forward above backward: what the next step needs travels while this step attends what is here. What differs between
/// ring, zigzag, stripe, double ring, all-gather and lightseq stands in the schedule (<see cref="AttentionSchedule"/>), not here.
/// </summary>
/// <remarks>Sums are float32 throughout. Sources: arXiv:2310.01889 (ring), arXiv:2307.08691 (merging blocks), arXiv:2310.03294 (helpers).</remarks>
internal sealed class BlockAttention(BlockContext context)
{
    /// <summary>Writes output <c>[B, T, N, H]</c> and lse <c>[B, T, N]</c>.</summary>
    internal void Forward(LayerSchedule schedule, AttentionLayer layer, BlockTensors own, double softmaxScale, in Tensor output, in Tensor lse)
    {
        var steps = schedule.Steps.Forward;
        var pass = new ForwardPass(context, schedule, own, softmaxScale);
        var hops = new StepHops(context, steps, layer);
        for (var at = 0; at < steps.Length; at++)
        {
            var here = hops.Arrive(at);
            context.Watch?.Departing(layer.Index, steps[at].Step.Index, NextStep(steps, at), isBackward: false);
            hops.Depart(at, transfer => context.Pack(transfer, own, here));
            context.Watch?.Departed(layer.Index, steps[at].Step.Index, isBackward: false);
            var answers = pass.Answers(steps[at]);
            foreach (var call in steps[at].Calls)
            {
                pass.Attend(call, here, answers, output, lse);
            }

            hops.Merge(at, (_, partial) => pass.Fold(partial));
            hops.SendResults(at, transfer => answers[transfer.Origin]);
        }

        hops.End();
        pass.End(output, lse);
    }

    /// <summary>Writes dq <c>[B, T, N, H]</c>, dk and dv <c>[B, T, K, H]</c>, float32, from the global lse and delta.</summary>
    internal void Backward(LayerSchedule schedule, AttentionLayer layer, BlockTensors own, double softmaxScale, in BlockGradients gradients)
    {
        var steps = schedule.Steps.Backward;
        var pass = new BackwardPass(context, schedule, own, gradients, softmaxScale);
        var hops = new StepHops(context, steps, layer);
        for (var at = 0; at < steps.Length; at++)
        {
            var here = hops.Arrive(at);
            context.Watch?.Departing(layer.Index, steps[at].Step.Index, NextStep(steps, at), isBackward: true);
            hops.Depart(at, transfer => context.Pack(transfer, own, here));
            context.Watch?.Departed(layer.Index, steps[at].Step.Index, isBackward: true);
            var sums = pass.Sums(steps[at]);
            foreach (var call in steps[at].Calls)
            {
                pass.Add(call, here, sums);
            }

            // A sum comes while this rank computes its own part of it, which is why the part is added to the sum and not the other way round.
            hops.Merge(at, (transfer, sum) => pass.Merge(transfer, sum, sums));
            hops.SendResults(at, transfer => pass.OnTheWire(transfer, sums[transfer.Origin]));
        }

        hops.End();
    }

    private static int NextStep(ImmutableArray<RankStep> steps, int at) => at + 1 < steps.Length ? steps[at + 1].Step.Index : int.MaxValue;
}
