namespace ActorRing.Actors.Plans.Cost;

// P ranks of a ring, w inner window, W = P / w windows, U ranks of an all-to-all, K KV heads. All times in seconds.

/// <summary>One layer of one micro-batch on the slowest rank, each part once: whoever recomputes counts forward parts again.</summary>
/// <param name="Matmul">Forward products; backward takes twice as long.</param>
/// <param name="Elementwise">Forward memory traffic; backward takes twice as long.</param>
/// <param name="AttentionForward">Block attention.</param>
/// <param name="AttentionBackward">Its backward: five products instead of two.</param>
/// <param name="MergeForward">Merging of block results.</param>
/// <param name="MergeBackward">Adding of block gradients.</param>
/// <param name="ExposedForward">Transfers that attention does not hide.</param>
/// <param name="ExposedBackward">The same backward.</param>
/// <param name="HopSeconds">One forward transfer.</param>
/// <param name="RingStepSeconds">What it hides behind: one ring step's attention and merging.</param>
internal sealed record LayerTime(
    double Matmul,
    double Elementwise,
    double AttentionForward,
    double AttentionBackward,
    double MergeForward,
    double MergeBackward,
    double ExposedForward,
    double ExposedBackward,
    double HopSeconds,
    double RingStepSeconds)
{
    /// <summary>Forward, all parts.</summary>
    public double ForwardSeconds => Matmul + Elementwise + AttentionForward + MergeForward + ExposedForward;

    /// <summary>Backward, all parts, with what is computed again before it.</summary>
    public double BackwardSeconds(CostRecompute recompute) =>
        (2 * (Matmul + Elementwise)) + AttentionBackward + MergeBackward + ExposedBackward
        + (recompute == CostRecompute.Full ? ForwardSeconds : recompute == CostRecompute.SelectivePlusPlus ? Matmul + Elementwise : 0);

    internal static LayerTime Of(ModelCost model, ParallelSetting setting, HardwareProfile hardware, Interconnect links)
    {
        var peak = hardware.PeakOf(setting.Types.Compute);
        var matmul = 2.0 * model.LayerMatmulWeights * setting.Rows / (peak * hardware.MatmulFraction);
        var elementwise = setting.Rows * setting.Kernels.ForwardBytes(model) * setting.Types.Compute / 2 / hardware.StreamBytesPerSecond;

        var ideal = setting.Batch * model.AttentionForwardFlops(setting.LocalTokens * setting.SequenceRanks) / setting.SequenceRanks;
        var flops = ideal / Balance.Efficiency(model, setting);
        var forward = flops / (peak * hardware.AttentionForwardFraction);
        var backward = 2.5 * flops / (peak * hardware.AttentionBackwardFraction);

        // Outputs and dq of every query row, dk and dv of every key row, once a ring step.
        var steps = Steps(setting);
        var (queries, keys) = (setting.Rows * (double)model.AttentionWidth, 2.0 * setting.Rows * model.KvWidth);
        var mergeForward = steps == 1 ? 0 : steps * queries * setting.Kernels.MergeForwardBytes / hardware.StreamBytesPerSecond;
        var mergeBackward = steps == 1 ? 0 : steps * (queries + keys) * setting.Kernels.MergeBackwardBytes / hardware.StreamBytesPerSecond;

        var traffic = TrafficCost.Of(model, setting, links);
        var link = setting.Mode == CostMode.DoubleRing ? links.RingLink(setting.InnerWindow, 1) : links.RingLink(setting.SequenceRanks, setting.HeadParallel);
        var (stepForward, stepBackward) = ((forward + mergeForward) / steps, (backward + mergeBackward) / steps);
        var exposed = new Exposure(model, setting, links, link, traffic);
        return new LayerTime(
            matmul, elementwise, forward, backward, mergeForward, mergeBackward, exposed.Forward(stepForward), exposed.Backward(stepBackward),
            link.SecondsOf(traffic.KvBlockBytes), stepForward);
    }

    // How often a rank attends a block and merges the result.
    private static int Steps(ParallelSetting setting) => setting.Mode switch
    {
        CostMode.DataParallel or CostMode.Ulysses or CostMode.AllGather => 1,
        CostMode.LightSeq => (setting.ContextParallel / 2) + 1,
        _ => setting.ContextParallel,
    };
}
