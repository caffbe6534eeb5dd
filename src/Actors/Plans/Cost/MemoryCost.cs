namespace ActorRing.Actors.Plans.Cost;

// B rows, T tokens of a rank, R = B T, S whole sequence, L layers, D model dim, N query heads, K KV heads, H head dim, F MLP dim, V vocabulary, G ranks, W
// parameters, e bytes of the compute type, g bytes of a gradient.

/// <summary>Bytes of one part of a plan.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Bytes">How much.</param>
public sealed record MemoryPart(string Name, long Bytes);

/// <summary>Memory of the fullest GPU and of its share of the host, part by part, in the order in which training takes it.</summary>
/// <param name="Device">On the GPU.</param>
/// <param name="Host">In the host's memory, for one GPU.</param>
/// <remarks>
/// The unsharded forms are those of docs/numerics.md, "Memory", which specs hold the real step to. Here come ZeRO's division by G, what the modes keep in
/// flight, and offload.
/// </remarks>
public sealed record MemoryCost(IReadOnlyList<MemoryPart> Device, IReadOnlyList<MemoryPart> Host)
{
    /// <summary>All parts on the GPU.</summary>
    public long DeviceBytes => Sum(Device);

    /// <summary>All parts in the host's memory.</summary>
    public long HostBytes => Sum(Host);

    /// <summary>The memory of a setting.</summary>
    /// <param name="model">The model.</param>
    /// <param name="setting">One that has no <see cref="ParallelSetting.Problem"/>.</param>
    public static MemoryCost Of(ModelCost model, ParallelSetting setting)
    {
        var rows = setting.Rows;
        var away = ActivationsAway(model, setting);
        var device = new List<MemoryPart>
        {
            new("weights", WeightBytes(model, setting)),
            new("gradients", GradientBytes(model, setting)),
            new("optimizer", setting.Offload.Optimizer ? 0 : Share(8 * model.Parameters, setting, 1)),
            new("inputs", (8 * rows) + (4 * setting.LocalTokens * model.HeadSize)),
            new("kept activations", KeptBytes(model, setting) - away),
            new("workspace", WorkspaceBytes(model, setting)),
            new("kv in flight", InFlightBytes(model, setting)),
            new("logits", LogitsBytes(model, setting)),
        };
        return new MemoryCost(device, HostParts(model, setting, away));
    }

    /// <summary>Kept activations that are in the host's memory: all but two layers' inputs, the one in use and the one on its way.</summary>
    internal static long ActivationsAway(ModelCost model, ParallelSetting setting) =>
        setting.Offload.Activations ? Math.Max(0, KeptBytes(model, setting) - (2L * setting.Types.Compute * setting.Rows * model.Width)) : 0;

    // Forward keeps every layer's input; `none` what costs a product as well; selective++ attention's output and lse.
    private static long KeptBytes(ModelCost model, ParallelSetting setting)
    {
        var (rows, e) = (setting.Rows, (long)setting.Types.Compute);
        var inputs = e * rows * model.Width * (model.Layers + 1);
        var tape = (e * (model.Width + (2 * (model.AttentionWidth + model.KvWidth)) + (2L * model.MlpWidth))) + (4L * model.Heads) + 8;
        return setting.Recompute switch
        {
            CostRecompute.Full => inputs,
            CostRecompute.SelectivePlusPlus => inputs + (model.Layers * rows * ((e * model.AttentionWidth) + (4L * model.Heads))),
            _ => inputs + (model.Layers * rows * tape),
        };
    }

    // Float32 masters belong to the optimiser's shard where a narrower copy takes part in products. Stage 3 also holds the layer in use, the one on its way,
    // and the vocabulary.
    private static long WeightBytes(ModelCost model, ParallelSetting setting)
    {
        var e = (long)setting.Types.Compute;
        var masters = e == 4 || setting.Offload.Optimizer ? 0 : Share(4 * model.Parameters, setting, 1);
        var own = setting.Offload.Parameters ? 0 : Share(e * model.Parameters, setting, 3);
        var gathers = setting.ZeroStage == 3 && (setting.Gpus > 1 || setting.Offload.Parameters);
        var gathered = gathers ? e * ((2 * model.LayerParameters) + model.VocabularyWeights) : 0;
        return masters + own + gathered;
    }

    private static long GradientBytes(ModelCost model, ParallelSetting setting)
    {
        var whole = setting.Types.Gradient * model.Parameters;
        if (setting.ZeroStage < 2)
        {
            return whole;
        }

        // The shard, and whole gradients of the layer at work and of the one being reduced; the shard goes where the optimiser is.
        var bucket = setting.Gpus > 1 || setting.Offload.Optimizer ? setting.Types.Gradient * ((2 * model.LayerParameters) + model.VocabularyWeights) : 0;
        return (setting.Offload.Optimizer ? 0 : Share(whole, setting, 2)) + Math.Min(whole, bucket);
    }

    private static long WorkspaceBytes(ModelCost model, ParallelSetting setting)
    {
        var (rows, e) = (setting.Rows, (long)setting.Types.Compute);
        var (attention, qkv) = (model.AttentionWidth, model.AttentionWidth + (2 * model.KvWidth));
        var recomputes = setting.Recompute != CostRecompute.None;
        var inAttention = rows * ((e * qkv) + (2 * e * attention) + (4L * model.Heads) + (4 * qkv));
        var inMlp = (recomputes ? 4 : 2) * e * rows * model.MlpWidth;
        var bytes = (2 * e * rows * model.Width) + (4 * rows) + Math.Max(inAttention, inMlp);
        bytes += recomputes ? (e * rows * (qkv + model.Width)) + (8 * rows) : 0;
        return bytes + (setting.Recompute == CostRecompute.Full ? rows * ((e * attention) + (4L * model.Heads)) : 0);
    }

    // Ring: two staging buffers each for K, V and for dK, dV. All-to-all: q, k, v and the output in their other layout. Gather: all keys and values, and
    // their float32 gradients.
    private static long InFlightBytes(ModelCost model, ParallelSetting setting)
    {
        var types = setting.Types;
        var kv = 2 * setting.Rows * TrafficCost.ReplicatedKvHeads(model, setting) * model.HeadSize;
        var exchanged = types.Compute * ((2 * setting.Rows * model.AttentionWidth) + kv);
        var staging = 2 * kv * (types.Compute + types.KvGradient);
        return setting.Mode switch
        {
            CostMode.DataParallel => 0,
            CostMode.Ulysses => exchanged,
            CostMode.Usp => exchanged + staging,
            CostMode.AllGather => setting.ContextParallel * kv * (types.Compute + types.KvGradient),
            CostMode.LightSeq => staging + (2 * types.Compute * setting.Rows * model.AttentionWidth),
            _ => staging,
        };
    }

    // A tile of 16 MiB of float32 logits, between 98 and 1024 rows, as the loss kernel chooses it; or all rows at once.
    private static long LogitsBytes(ModelCost model, ParallelSetting setting)
    {
        var tile = Math.Min(1024, Math.Max(98, (16L << 20) / (4L * model.Vocabulary)));
        var rows = setting.Types.WholeLogits ? setting.Rows : Math.Min(setting.Rows, tile);
        return rows * model.Vocabulary * (4L + setting.Types.Compute);
    }

    private static List<MemoryPart> HostParts(ModelCost model, ParallelSetting setting, long activations)
    {
        var parts = new List<MemoryPart>();
        if (setting.Offload.Optimizer)
        {
            // Masters, two moments and the gradients that the host's update reads.
            parts.Add(new("optimizer on the host", Share((12L + setting.Types.Gradient) * model.Parameters, setting, 1)));
        }

        if (setting.Offload.Parameters)
        {
            parts.Add(new("weights on the host", Share(setting.Types.Compute * model.Parameters, setting, 3)));
        }

        if (activations > 0)
        {
            parts.Add(new("activations on the host", activations));
        }

        return parts;
    }

    private static long Share(long bytes, ParallelSetting setting, int fromStage) =>
        setting.ZeroStage >= fromStage ? (bytes + setting.Gpus - 1) / setting.Gpus : bytes;

    private static long Sum(IReadOnlyList<MemoryPart> parts)
    {
        long sum = 0;
        foreach (var part in parts)
        {
            sum += part.Bytes;
        }

        return sum;
    }
}
