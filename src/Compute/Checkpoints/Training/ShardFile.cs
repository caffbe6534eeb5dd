using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using ActorRing.Compute.Checkpoints.Safetensors;
using ActorRing.Compute.Sharding;

namespace ActorRing.Compute.Checkpoints.Training;

/// <summary>One rank's file of a TrainingCheckpoint: for each logical shard that it owns, weights, first and second moments, float32.</summary>
internal static class ShardFile
{
    private const int PieceBytes = 1 << 20;

    /// <summary>Writes the file durably.</summary>
    /// <exception cref="IOException">The disk refused, or the file is there with other content; it is as it was.</exception>
    internal static ShardReceipt Write(string path, IShardSource source, long stepsDone, IDisk disk, ByteProgress? progress)
    {
        var owned = source.Shards.OwnedBy(source.Rank, source.Ranks);
        var tensors = Enumerable.Range(owned.FirstShard, owned.ShardCount).SelectMany(shard => SpecsOf(source.Shards, shard)).ToList();
        var metadata = new Dictionary<string, string>
        {
            ["steps_done"] = stepsDone.ToString(CultureInfo.InvariantCulture),
            ["rank"] = string.Create(CultureInfo.InvariantCulture, $"{source.Rank} of {source.Ranks}"),
        };
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var writer = SafetensorsWriter.Create(path, tensors, metadata, disk, sha256);
        for (var shard = owned.FirstShard; shard < owned.EndShard; shard++)
        {
            foreach (var (part, tensor) in source.PartsOf(shard))
            {
                var name = NameOf(part, shard);
                TensorBytes.Read(source.Device, tensor, piece => writer.Append(name, piece), progress);
            }
        }

        var receipt = new ShardReceipt(writer.Length, Convert.ToHexStringLower(sha256.GetHashAndReset()));
        if (File.Exists(path))
        {
            return Measure(path, progress) == receipt ? receipt : throw new IOException($"{path}: exists with other content; it is never overwritten");
        }

        writer.Commit();
        return receipt;
    }

    /// <summary>Length and hash of a file as it is on the disk.</summary>
    internal static ShardReceipt Measure(string path, ByteProgress? progress = null)
    {
        using var file = RegularFile.OpenRead(path);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var piece = new byte[PieceBytes];
        var length = 0L;
        for (var read = RegularFile.ReadFully(file, piece, 0); read > 0; read = RegularFile.ReadFully(file, piece, length))
        {
            sha256.AppendData(piece, 0, (int)read);
            length += read;
            progress?.Add(read);
        }

        return new ShardReceipt(length, Convert.ToHexStringLower(sha256.GetHashAndReset()));
    }

    /// <summary>Opens a file and requires the tensors of a run of shards in it, no more and no fewer.</summary>
    /// <exception cref="InvalidDataException">It has others.</exception>
    internal static SafetensorsFile Open(string path, ShardMap shards, ShardRun run)
    {
        var file = SafetensorsFile.Open(path, int.MaxValue);
        var wanted = Enumerable.Range(run.FirstShard, run.ShardCount).SelectMany(shard => SpecsOf(shards, shard)).Select(spec => spec.ToString());
        if (!file.Entries.Select(entry => entry.ToString()).SequenceEqual(wanted))
        {
            file.Dispose();
            throw new InvalidDataException($"{path}: does not hold shards {run.FirstShard} to {run.EndShard - 1}, as the manifest says");
        }

        return file;
    }

    /// <summary>Loads what a rank owns of a file: weights and moments.</summary>
    internal static void Load(SafetensorsFile file, ShardRun run, TrainingState state, ByteProgress? progress)
    {
        var owned = state.Optimizer.Owned;
        for (var shard = Math.Max(run.FirstShard, owned.FirstShard); shard < Math.Min(run.EndShard, owned.EndShard); shard++)
        {
            foreach (var (part, tensor) in state.PartsOf(shard))
            {
                var name = NameOf(part, shard);
                TensorBytes.Write(state.Parameters.Device, tensor, (first, piece) => file.ReadRows(name, first, piece.Length / sizeof(float), piece), progress);
            }
        }
    }

    private static IEnumerable<TensorSpec> SpecsOf(ShardMap shards, int shard) =>
        from part in new[] { ShardParts.Weights, ShardParts.First, ShardParts.Second }
        select new TensorSpec(NameOf(part, shard), SafetensorsDtype.F32, ImmutableArray.Create(shards[shard].ElementCount));

    private static string NameOf(string part, int shard) => string.Create(CultureInfo.InvariantCulture, $"shard.{shard:000}.{part}");
}
