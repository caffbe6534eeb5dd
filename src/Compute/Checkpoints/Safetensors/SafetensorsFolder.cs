namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>The weights of a model folder, one file or many, as one set of tensors.</summary>
/// <remarks>Every header is read and checked on opening; the files stay open until disposed. Safe to share between threads until then.</remarks>
public sealed class SafetensorsFolder : IDisposable
{
    private readonly Dictionary<string, SafetensorsFile> fileOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorEntry> tensors = new(StringComparer.Ordinal);
    private readonly List<SafetensorsFile> files = [];

    private SafetensorsFolder(string path) => Path = path;

    /// <summary>As given to <see cref="Open"/>.</summary>
    public string Path { get; }

    /// <summary>All tensors by name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors => tensors;

    /// <summary>The files, sorted by name.</summary>
    public IReadOnlyList<SafetensorsFile> Files => files;

    /// <summary>Opens <c>model.safetensors</c>, or all the shards that <c>model.safetensors.index.json</c> names.</summary>
    /// <param name="folder">A model folder.</param>
    /// <param name="maxHeaderBytes">Limit for each header.</param>
    /// <exception cref="FileNotFoundException">Neither exists, or a shard that the index names.</exception>
    /// <exception cref="InvalidDataException">A broken file, both forms at once, or tensors that the index and the shards do not agree on.</exception>
    public static SafetensorsFolder Open(string folder, int maxHeaderBytes = SafetensorsHeader.DefaultMaxBytes)
    {
        var result = new SafetensorsFolder(folder);
        try
        {
            result.OpenFiles(maxHeaderBytes);
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <summary>Reads a whole tensor; as <see cref="SafetensorsFile.Read"/>.</summary>
    public void Read(string name, Span<byte> destination) => FileOf(name).Read(name, destination);

    /// <summary>Reads rows of a tensor; as <see cref="SafetensorsFile.ReadRows"/>.</summary>
    public void ReadRows(string name, long firstRow, long rowCount, Span<byte> destination) => FileOf(name).ReadRows(name, firstRow, rowCount, destination);

    /// <summary>Closes all files.</summary>
    public void Dispose() => files.ForEach(file => file.Dispose());

    private void OpenFiles(int maxHeaderBytes)
    {
        var single = System.IO.Path.Combine(Path, ShardPlan.SingleFileName);
        var index = System.IO.Path.Combine(Path, ShardIndex.FileName);
        if (File.Exists(single) && File.Exists(index))
        {
            throw new InvalidDataException($"{Path}: holds both {ShardPlan.SingleFileName} and {ShardIndex.FileName}; one of them is allowed");
        }
        if (File.Exists(index))
        {
            OpenShards(index, ShardIndex.Read(index), maxHeaderBytes);
            return;
        }
        if (!File.Exists(single))
        {
            throw new FileNotFoundException(
                $"{Path}: holds neither {ShardPlan.SingleFileName} nor {ShardIndex.FileName}; weights in other formats are not read", single);
        }
        Register(OpenFile(single, maxHeaderBytes));
    }

    private void OpenShards(string index, IReadOnlyDictionary<string, string> weightMap, int maxHeaderBytes)
    {
        foreach (var name in weightMap.Values.Distinct().Order(StringComparer.Ordinal))
        {
            var path = System.IO.Path.Combine(Path, name);
            if (!File.Exists(path))
            {
                var tensor = weightMap.First(entry => entry.Value == name).Key;
                throw new FileNotFoundException($"{index}: weight_map puts tensor {Quote.Of(tensor)} into {name}, which does not exist", path);
            }
            var shard = OpenFile(path, maxHeaderBytes);
            if (shard.Entries.FirstOrDefault(entry => weightMap.GetValueOrDefault(entry.Name) != name) is { } stray)
            {
                var place = weightMap.TryGetValue(stray.Name, out var other) ? $"puts it into {other}" : "does not name it";
                throw new InvalidDataException($"{path}: holds tensor {Quote.Of(stray.Name)}, but weight_map of {ShardIndex.FileName} {place}");
            }
            Register(shard);
        }
        if (weightMap.FirstOrDefault(entry => !tensors.ContainsKey(entry.Key)) is { Key: not null } missing)
        {
            throw new InvalidDataException($"{index}: weight_map puts tensor {Quote.Of(missing.Key)} into {missing.Value}, which does not hold it");
        }
    }

    private SafetensorsFile OpenFile(string path, int maxHeaderBytes)
    {
        var file = SafetensorsFile.Open(path, maxHeaderBytes);
        files.Add(file);
        return file;
    }

    private void Register(SafetensorsFile file)
    {
        foreach (var entry in file.Entries)
        {
            tensors.Add(entry.Name, entry);
            fileOf.Add(entry.Name, file);
        }
    }

    private SafetensorsFile FileOf(string name) =>
        fileOf.TryGetValue(name, out var file) ? file : throw new ArgumentException($"{Path}: has no tensor {Quote.Of(name)}", nameof(name));
}
