using System.Text.Json;
using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Cluster.Member.Work;
using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Data;
using ActorRing.Compute.Evaluation;
using ActorRing.Compute.Inference;
using ActorRing.Compute.Model.Config;

namespace ActorRing.Cluster.Cli.Evaluation;

/// <summary>What <c>eval ppl</c> does, on one rank alone or on each of several, to whom it travels in a private file.</summary>
/// <param name="Models">Hugging Face folders.</param>
/// <param name="Data">Files and patterns.</param>
/// <param name="CacheFolder">Where text becomes ids once, for all ranks.</param>
internal sealed record PerplexityWork(string[] Models, string[] Data, string CacheFolder)
{
    /// <summary>Another base of the rotary frequencies, or null.</summary>
    public double? RopeTheta { get; init; }

    /// <summary>bytes, or a tokenizer.json; null for the model's own.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Of each rank.</summary>
    public int Threads { get; init; }

    /// <summary>How ranks share a sequence.</summary>
    public string Mode { get; init; } = "zigzag";

    /// <summary>Lengths at which documents are scored; empty for rows.</summary>
    public int[] Lengths { get; init; } = [];

    /// <summary>Tokens from window to window.</summary>
    public int SlidingWindow { get; init; } = 256;

    /// <summary>One window a document.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>Most documents.</summary>
    public long Samples { get; init; } = long.MaxValue;

    /// <summary>Least tokens of a document.</summary>
    public int DocumentMinTokens { get; init; }

    /// <summary>Tokens of a row; 0 for the model's longest.</summary>
    public int SeqLen { get; init; }

    /// <summary>Most rows.</summary>
    public long MaxRows { get; init; } = long.MaxValue;

    /// <summary>Whether rows keep documents apart.</summary>
    public bool KeepsDocumentsApart { get; init; } = true;

    internal void Write(string file) => File.WriteAllText(file, JsonSerializer.Serialize(this));

    internal static PerplexityWork Read(string file) =>
        JsonSerializer.Deserialize<PerplexityWork>(File.ReadAllText(file)) ?? throw new InvalidDataException($"{file}: nothing to do");

    /// <summary>Refuses what cannot be done, before a process is started or weights are read; text becomes ids here.</summary>
    internal void Check(int ranks, CancellationToken stop)
    {
        foreach (var path in Models)
        {
            using var folder = HfModelFolder.Open(path);
            var config = LoadedModel.ConfigOf(folder, RopeTheta);
            using var corpus = Open(folder.Path, config, stop).Corpus;
            LoadedModel.RequireRoom(config, Capacity(config, corpus), Mode, ranks);
        }
    }

    /// <summary>Scores every model; rows come as they are found.</summary>
    /// <param name="seat">This rank among others, or null.</param>
    /// <param name="found">Told each row.</param>
    /// <param name="stop">Ends after the window in hand with what is done.</param>
    internal void Run(InferenceSeat? seat, Action<PerplexityRow> found, CancellationToken stop)
    {
        foreach (var path in Models)
        {
            using var model = new LoadedModel(path, RopeTheta, Threads);
            var (corpus, begin) = Open(path, model.Config, stop);
            using (corpus)
            {
                var capacity = Capacity(model.Config, corpus);
                using var inference = new InferenceModel(model.Parameters, model.Config, capacity, seat);
                if (Lengths.Length == 0)
                {
                    var rows = new PackedRows(corpus, capacity.PromptTokens, KeepsDocumentsApart);
                    Report(0, Perplexity.Of(inference, rows, MaxRows, progress: null, stop));
                }

                foreach (var length in Lengths.TakeWhile(_ => !stop.IsCancellationRequested))
                {
                    var documents = new CorpusDocuments(corpus) { MinTokens = DocumentMinTokens, Samples = Samples, BeginToken = begin }.All();
                    var windows = new ScoringWindows(length) { Stride = SlidingWindow, IsTruncated = IsTruncated, BeginToken = begin };
                    Report(length, WindowedPerplexity.Of(inference, documents, windows, progress: null, stop));
                }
            }

            void Report(int length, PerplexityResult result) => found(new(path, length, result.MeanNll, result.Perplexity, result.Scored));
        }
    }

    private InferenceCapacity Capacity(LlamaConfig config, TokenizedCorpus corpus)
    {
        if (Lengths.Length > 0)
        {
            return new(Lengths.Max(), 0);
        }

        // A corpus of fewer than two tokens has no label; the rows say so.
        var tokens = SeqLen > 0 ? SeqLen : config.MaxPositionEmbeddings;
        return new((int)Math.Clamp(corpus.TokenCount - 1, 1, tokens), 0);
    }

    // Windows begin with a begin token of their own, which documents of text are therefore left without.
    private (TokenizedCorpus Corpus, int? BeginToken) Open(string model, LlamaConfig config, CancellationToken stop)
    {
        var (tokenizer, key) = JobModel.TokenizerOf(Tokenizer, model);
        if (tokenizer is null && config.VocabSize >= 258)
        {
            (tokenizer, key) = JobModel.TokenizerOf(ModelSettings.ByteTokenizer, null);
        }

        var options = new CorpusOptions(config.VocabSize, CacheFolder) { Tokenizer = tokenizer, TokenizerKey = key, AddBos = Lengths.Length > 0 ? false : null };
        return (TokenizedCorpus.Open(Data, options, progress: null, stop), Lengths.Length > 0 ? tokenizer?.BosId : null);
    }
}
