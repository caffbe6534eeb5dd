namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>Writes the weights of a model folder, shard after shard, and the index last; one file is open at a time.</summary>
/// <remarks>
/// The folder is complete when <see cref="Commit"/> returns. Before that a crash can leave finished shards without an index, which no reader accepts.
/// </remarks>
public sealed class SafetensorsFolderWriter : IDisposable
{
    private readonly string folder;
    private readonly IReadOnlyList<ShardPlan> shards;
    private readonly IReadOnlyDictionary<string, string>? metadata;
    private SafetensorsWriter? writer;
    private int current;

    private SafetensorsFolderWriter(string folder, IReadOnlyList<ShardPlan> shards, IReadOnlyDictionary<string, string>? metadata)
    {
        this.folder = folder;
        this.shards = shards;
        this.metadata = metadata;
        writer = OpenShard();
        Advance();
    }

    /// <summary>Starts the first shard.</summary>
    /// <param name="folder">An existing folder without weights.</param>
    /// <param name="tensors">Tensors in the order in which their bytes will come.</param>
    /// <param name="maxShardBytes">As in <see cref="ShardPlan.Of"/>.</param>
    /// <param name="metadata">As in <see cref="SafetensorsWriter"/>, written into each shard.</param>
    /// <exception cref="IOException">The folder holds weights already or cannot be written to.</exception>
    public static SafetensorsFolderWriter Create(
        string folder,
        IReadOnlyList<TensorSpec> tensors,
        long maxShardBytes = ShardPlan.DefaultMaxShardBytes,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        // Old shards beside new ones would be read as one model.
        var old = Directory.EnumerateFiles(folder, "*.safetensors*").Select(Path.GetFileName).Order(StringComparer.Ordinal).FirstOrDefault();
        return old is null
            ? new SafetensorsFolderWriter(folder, ShardPlan.Of(tensors, maxShardBytes), metadata)
            : throw new IOException($"{folder}: holds {old} already; a folder without weights is allowed");
    }

    /// <summary>Appends bytes of the tensor that is due; as <see cref="SafetensorsWriter.Append"/>.</summary>
    public void Append(string name, ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(writer is null, this);
        writer.Append(name, bytes);
        Advance();
    }

    /// <summary>Makes the last shard and the index durable.</summary>
    /// <exception cref="InvalidOperationException">Bytes are missing.</exception>
    /// <exception cref="IOException">As <see cref="DurableFile.Commit"/>.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(writer is null, this);
        writer.Commit();
        if (shards.Count > 1)
        {
            DurableFile.WriteAllBytes(Path.Combine(folder, ShardIndex.FileName), ShardIndex.Write(shards));
        }
        Dispose();
    }

    /// <summary>Deletes the unfinished shard; finished ones stay.</summary>
    public void Dispose()
    {
        writer?.Dispose();
        writer = null;
    }

    private SafetensorsWriter OpenShard() => SafetensorsWriter.Create(Path.Combine(folder, shards[current].FileName), shards[current].Tensors, metadata);

    private void Advance()
    {
        while (writer!.Next is null && current < shards.Count - 1)
        {
            writer.Commit();
            writer.Dispose();
            current++;
            writer = OpenShard();
        }
    }
}
