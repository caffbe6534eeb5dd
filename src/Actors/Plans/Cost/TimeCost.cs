namespace ActorRing.Actors.Plans.Cost;

// P ranks of a ring, L layers, G ranks, W parameters. All times in seconds, of one update on the slowest rank.

/// <summary>Where an update's time goes, and what that makes of the hardware.</summary>
/// <param name="Matmul">Matrix products, recomputed ones included.</param>
/// <param name="Attention">Block attention with the waiting that an uneven layout causes, recomputed passes included.</param>
/// <param name="Elementwise">Memory traffic beside the products: norms, rotary, SwiGLU, merging of blocks.</param>
/// <param name="ExposedExchange">Transfers of the mode that attention does not hide.</param>
/// <param name="ExposedShards">Gathering of weights and reduction of gradients that compute does not hide.</param>
/// <param name="HostCopies">Copies to and from the host; no credit is given for hiding them.</param>
/// <param name="Optimizer">AdamW, where the optimiser lives.</param>
/// <param name="Overhead">What no kernel benchmark shows: all of the above over <see cref="HardwareProfile.SustainedFraction"/>, less all of the above.</param>
/// <param name="HopSeconds">One forward hop's transfer.</param>
/// <param name="RingStepSeconds">The attention that a forward hop hides behind.</param>
/// <param name="TokensPerSecond">Of all groups.</param>
/// <param name="CausalMfu">Model FLOPs with causal attention counted half, over peak.</param>
/// <param name="FullMfu">Model FLOPs with masked pairs counted too, over peak.</param>
public sealed record TimeCost(
    double Matmul,
    double Attention,
    double Elementwise,
    double ExposedExchange,
    double ExposedShards,
    double HostCopies,
    double Optimizer,
    double Overhead,
    double HopSeconds,
    double RingStepSeconds,
    double TokensPerSecond,
    double CausalMfu,
    double FullMfu)
{
    /// <summary>Bytes that AdamW moves for one parameter: four float32 read, three written, and the bfloat16 copy.</summary>
    private const double OptimizerBytes = 30;

    /// <summary>Bytes a parameter that the host moves: AdamW, and the global norm and its scaling over float32 gradients.</summary>
    private const double HostOptimizerBytes = 42;

    /// <summary>The whole update.</summary>
    public double Total => Explained + Overhead;

    /// <summary>The update as kernel benchmarks and data sheets alone explain it.</summary>
    public double Explained => Matmul + Attention + Elementwise + ExposedExchange + ExposedShards + HostCopies + Optimizer;

    /// <summary>The time of a setting.</summary>
    /// <param name="model">The model.</param>
    /// <param name="setting">One that has no <see cref="ParallelSetting.Problem"/>.</param>
    /// <param name="hardware">Every rank's GPU.</param>
    /// <param name="links">Between them.</param>
    public static TimeCost Of(ModelCost model, ParallelSetting setting, HardwareProfile hardware, Interconnect links)
    {
        var layer = LayerTime.Of(model, setting, hardware, links);
        // Forward passes of attention, and of everything else with backward counted as two.
        var passes = setting.Recompute == CostRecompute.Full ? 2 : 1;
        var units = setting.Recompute == CostRecompute.None ? 3 : 4;
        var peak = hardware.PeakOf(setting.Types.Compute);
        var head = 6.0 * model.VocabularyWeights * setting.Rows / (peak * hardware.MatmulFraction);
        double micro = setting.Accumulation;
        double layers = model.Layers;

        var matmul = micro * ((layers * layer.Matmul * units) + head);
        var attention = micro * layers * ((passes * layer.AttentionForward) + layer.AttentionBackward);
        var elementwise = micro * layers * ((layer.Elementwise * units) + (passes * layer.MergeForward) + layer.MergeBackward);
        var exchange = micro * layers * ((passes * layer.ExposedForward) + layer.ExposedBackward);
        var shards = ShardSeconds(model, setting, links, layer);
        var copies = HostSeconds(model, setting, hardware);
        var optimizer = OptimizerSeconds(model, setting, hardware, links);
        var explained = matmul + attention + elementwise + exchange + shards + copies + optimizer;
        var total = explained / HardwareProfile.SustainedFraction;
        var tokensPerSecond = setting.TokensPerUpdate / total;
        var mfu = tokensPerSecond / (setting.Gpus * peak);
        return new TimeCost(
            matmul, attention, elementwise, exchange, shards, copies, optimizer, total - explained, layer.HopSeconds, layer.RingStepSeconds,
            tokensPerSecond, mfu * model.CausalFlopsPerToken(setting.Tokens), mfu * model.FullFlopsPerToken(setting.Tokens));
    }

    // Stage 3 gathers each layer's weights forward and again backward (recomputation and backward use them at once), and reduces each layer's gradients;
    // stage 2 reduces them each time, stages 0 and 1 once an update. A layer's transfer hides behind the layer before it; the first and the last have nothing
    // to hide behind.
    private static double ShardSeconds(ModelCost model, ParallelSetting setting, Interconnect links, LayerTime layer)
    {
        var gpus = setting.Gpus;
        var gather = links.CollectiveSeconds(setting.Types.Compute * (double)model.LayerParameters, gpus);
        var reduce = links.CollectiveSeconds(setting.Types.Gradient * (double)model.LayerParameters, gpus);
        var vocabulary = links.CollectiveSeconds(setting.Types.Gradient * (double)model.VocabularyWeights, gpus);
        var (forward, backward) = (layer.ForwardSeconds, layer.BackwardSeconds(setting.Recompute));
        double Exposed(double transfer, double behind) => transfer + vocabulary + ((model.Layers - 1) * Math.Max(0, transfer - behind));

        var everyMicro = setting.ZeroStage switch
        {
            3 => Exposed(gather, forward) + Exposed(gather + reduce, backward),
            2 => Exposed(reduce, backward),
            _ => 0,
        };

        // Stage 0 gathers what it has reduced: twice the bytes. Stages 1 and 2 gather the updated weights before the next forward.
        var everyUpdate = setting.ZeroStage switch
        {
            0 => Exposed(2 * reduce, backward),
            1 => Exposed(reduce, backward) + links.CollectiveSeconds(setting.Types.Compute * (double)model.Parameters, gpus),
            2 => links.CollectiveSeconds(setting.Types.Compute * (double)model.Parameters, gpus),
            _ => 0,
        };
        return gpus == 1 ? 0 : (setting.Accumulation * everyMicro) + everyUpdate;
    }

    private static double HostSeconds(ModelCost model, ParallelSetting setting, HardwareProfile hardware)
    {
        double shard = (double)model.Parameters / (setting.ZeroStage >= 1 ? setting.Gpus : 1);
        var (types, micro) = (setting.Types, (double)setting.Accumulation);
        double bytes = 0;
        if (setting.Offload.Optimizer)
        {
            // Sharded gradients go down after every micro-batch, and up first where they add to earlier ones; whole gradients wait on the GPU for the update.
            bytes += shard * types.Gradient * (setting.ZeroStage >= 2 ? micro + (micro - 1) : 1);
            bytes += setting.Offload.Parameters ? 0 : shard * types.Compute;
        }

        if (setting.Offload.Parameters)
        {
            bytes += 2 * micro * shard * types.Compute;
        }

        if (setting.Offload.Activations)
        {
            bytes += 2 * micro * MemoryCost.ActivationsAway(model, setting);
        }

        return bytes / hardware.HostLinkShare;
    }

    private static double OptimizerSeconds(ModelCost model, ParallelSetting setting, HardwareProfile hardware, Interconnect links)
    {
        double shard = (double)model.Parameters / (setting.ZeroStage >= 1 ? setting.Gpus : 1);
        if (!setting.Offload.Optimizer)
        {
            return shard * OptimizerBytes / hardware.StreamBytesPerSecond;
        }

        var sharers = Math.Min(Math.Min(setting.Gpus, links.RanksPerNode), hardware.GpusPerHost);
        var fair = HardwareProfile.StreamFraction * hardware.HostBytesPerSecond / sharers;
        var rate = Math.Min(setting.HostThreads * HardwareProfile.HostThreadBytesPerSecond, fair);
        return shard * HostOptimizerBytes / rate;
    }
}
