namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>Which tensors go into which file of a model folder.</summary>
/// <param name="FileName"><c>model.safetensors</c> if one file holds all, else <c>model-00001-of-0000N.safetensors</c>.</param>
/// <param name="Tensors">In the order of their bytes.</param>
public sealed record ShardPlan(string FileName, IReadOnlyList<TensorSpec> Tensors)
{
    /// <summary>5 GB, the size that Hugging Face shards had before version 5.</summary>
    public const long DefaultMaxShardBytes = 5_000_000_000;

    /// <summary>Name of the only file where one is enough.</summary>
    public const string SingleFileName = "model.safetensors";

    /// <summary>Cuts a list of tensors into files without changing its order.</summary>
    /// <param name="tensors">All tensors.</param>
    /// <param name="maxShardBytes">Most bytes of tensors in one file (> 0); a tensor larger than that gets a file of its own.</param>
    /// <returns>At least one file, which is empty if there are no tensors.</returns>
    public static IReadOnlyList<ShardPlan> Of(IReadOnlyList<TensorSpec> tensors, long maxShardBytes = DefaultMaxShardBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardBytes);
        List<List<TensorSpec>> shards = [[]];
        long bytes = 0;
        foreach (var tensor in tensors)
        {
            if (shards[^1].Count > 0 && tensor.ByteCount > maxShardBytes - bytes)
            {
                shards.Add([]);
                bytes = 0;
            }
            shards[^1].Add(tensor);
            bytes += tensor.ByteCount;
        }
        return shards.Count == 1
            ? [new ShardPlan(SingleFileName, shards[0])]
            : [.. shards.Select((shard, index) => new ShardPlan($"model-{index + 1:00000}-of-{shards.Count:00000}.safetensors", shard))];
    }
}
