using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Model.Rope;
using ActorRing.Compute.Tokenizers;
using ActorRing.Native;

namespace ActorRing.Cluster.Member.Work;

/// <summary>The model that a job starts from: a Hugging Face folder, or a new one from the job's own numbers.</summary>
internal sealed class JobModel : IDisposable
{
    private readonly HfModelFolder? _folder;
    private readonly ModelSettings _settings;

    private JobModel(HfModelFolder? folder, ModelSettings settings, LlamaConfig config)
    {
        _folder = folder;
        _settings = settings;
        Config = config;
    }

    /// <summary>The model before training.</summary>
    internal LlamaConfig Config { get; }

    /// <summary>Folder whose tokenizer files go with the model, or null.</summary>
    internal string? TokenizerFolder =>
        _settings.Tokenizer is null ? _folder?.Path : _settings.Tokenizer == ModelSettings.ByteTokenizer ? null : Path.GetDirectoryName(Path.GetFullPath(_settings.Tokenizer));

    /// <summary>Element type of the exported weights; null for the config's.</summary>
    internal HfExportOptions Export => new() { TokenizerFolder = TokenizerFolder, GenerationConfig = _folder?.GenerationConfig };

    internal static JobModel Open(ModelSettings settings)
    {
        if (settings.Path is not null)
        {
            var folder = HfModelFolder.Open(settings.Path);
            return new JobModel(folder, settings, folder.Config);
        }

        var numbers = settings.Config ?? throw new UsageException("the job has neither model.path nor model.config");
        var config = new LlamaConfig
        {
            Family = numbers.SlidingWindow is null ? ModelFamily.Llama : ModelFamily.Mistral,
            VocabSize = numbers.VocabSize,
            HiddenSize = numbers.HiddenSize,
            IntermediateSize = numbers.IntermediateSize,
            NumHiddenLayers = numbers.NumHiddenLayers,
            NumAttentionHeads = numbers.NumAttentionHeads,
            NumKeyValueHeads = numbers.NumKeyValueHeads,
            HeadDim = numbers.HeadDim,
            MaxPositionEmbeddings = numbers.MaxPositionEmbeddings,
            RmsNormEps = numbers.RmsNormEps,
            Rope = new DefaultRope(numbers.RopeTheta),
            TieWordEmbeddings = numbers.TieWordEmbeddings,
            AttentionBias = numbers.AttentionBias,
            MlpBias = numbers.MlpBias,
            SlidingWindow = numbers.SlidingWindow,
            InitializerRange = numbers.InitializerRange,
        };
        config.Validate("model.config");
        return new JobModel(null, settings, config);
    }

    /// <summary>Weights on the device: the folder's, or fresh ones.</summary>
    internal Parameters CreateParameters(Native.ComputeDevice device, ElementType computeType)
    {
        var parameters = new Parameters(device, ModelDims.Of(Config), computeType);
        if (_folder is not null)
        {
            ModelWeights.Load(_folder, parameters);
        }
        else
        {
            Initialization.Fill(parameters, (ulong)_settings.Config!.InitSeed, Config.InitializerRange);
        }

        return parameters;
    }

    /// <summary>How the data of this model becomes ids.</summary>
    internal CorpusOptions Corpus(string cacheFolder) => TokenizerOf(_settings.Tokenizer, _folder?.Path) is var (tokenizer, key)
        ? new CorpusOptions(Config.VocabSize, cacheFolder) { Tokenizer = tokenizer, TokenizerKey = key }
        : new CorpusOptions(Config.VocabSize, cacheFolder);

    /// <summary>The tokenizer of a setting or a folder, with a key that changes when it does; a folder without one has none.</summary>
    internal static (ITokenizer? Tokenizer, string Key) TokenizerOf(string? setting, string? folder)
    {
        if (setting == ModelSettings.ByteTokenizer)
        {
            return (new ByteTokenizer(), ModelSettings.ByteTokenizer);
        }

        if (setting is { Length: 0 })
        {
            throw new UsageException("the tokenizer is '', allowed: bytes, or the path of a tokenizer.json");
        }

        var path = setting ?? (folder is null ? null : Path.Combine(folder, "tokenizer.json"));
        if (path is null || (setting is null && !File.Exists(path)))
        {
            return (null, "");
        }

        var tokenizer = HfTokenizer.Load(path);
        return (tokenizer, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))));
    }

    public void Dispose() => _folder?.Dispose();
}
