using System.Globalization;
using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Cluster.Member;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Cli.Demo;

/// <summary>What the demo does: which model, which stages, which tests. Everything lies in one folder.</summary>
/// <param name="Folder">Full path; everything that the demo writes.</param>
/// <param name="Haystack">Folder of *.txt files: the King James text.</param>
/// <param name="Ranks">Member processes.</param>
/// <param name="Mode">How they share a sequence.</param>
/// <param name="Seed">Of training data and of the samples that are asked.</param>
/// <param name="Samples">Of each cell of the needle maps.</param>
/// <param name="Changes">Arguments over the job file.</param>
internal sealed record DemoPlan(string Folder, string Haystack, int Ranks, string Mode, long Seed, int Samples, IReadOnlyList<string> Changes)
{
    /// <summary>Digits of a number, as in the base model's training.</summary>
    internal const int Digits = 5;

    /// <summary>Share of the book that is learnt, as in the base model's training: the rest of the loss is the numbers.</summary>
    internal const double LearnText = 0.1;

    /// <summary>Needles of other cities beside the one asked for.</summary>
    internal const int Distractors = 3;

    /// <summary>Books that are kept for the tests: no training document has a word of them.</summary>
    private static readonly string[] HeldOut = ["Rev.txt", "Isa.txt", "Mat.txt", "Acts.txt"];

    /// <summary>The model that the repository ships, beside the program.</summary>
    internal static string BaseModel => Path.Combine(AppContext.BaseDirectory, "demo", "base");

    /// <summary>The job, beside the program.</summary>
    internal static string JobFile => Path.Combine(AppContext.BaseDirectory, "demo", "demo.conf");

    /// <summary>The folder of a run of the job.</summary>
    internal string Training(string name) => Path.Combine(Folder, name);

    /// <summary>What the job file is read with.</summary>
    /// <param name="name">Of the run: its folder.</param>
    internal string[] Overrides(string name) =>
    [
        .. Changes, "--job.name", name, "--job.output", Training(name), "--model.path", BaseModel, "--parallelism.ranks", Ranks.ToString(CultureInfo.InvariantCulture), "--parallelism.mode", Mode,
    ];

    /// <summary>Texts to train on, or to ask in.</summary>
    /// <exception cref="UsageException">They are not there.</exception>
    internal IReadOnlyList<string> Texts(bool heldOut)
    {
        var texts = Directory.Exists(Haystack) ? Directory.GetFiles(Haystack, "*.txt").Order(StringComparer.Ordinal).ToList() : [];
        var some = texts.Where(path => HeldOut.Contains(Path.GetFileName(path)) == heldOut).ToList();
        return some.Count > 0 ? some : throw new UsageException($"--haystack-dir is {Haystack}, where no King James text is, one *.txt file a book; the launcher makes it in artifacts/data/kjv: ./actorring demo");
    }

    /// <summary>The documents of a stage: as many as it has rows, each as long as a row, and more to find in the longer ones.</summary>
    internal NeedleDocumentOptions Documents(StageSettings stage, int at) =>
        new(stage.SeqLen, Facts: Math.Clamp(stage.SeqLen / 128, 4, 32), Statements: Math.Clamp(stage.SeqLen / 90, 6, 45), Questions: Math.Clamp(stage.SeqLen / 146, 2, 28),
            Digits, LearnText, NeedleSeed(at));

    private long NeedleSeed(int stage) => (Seed * 1000) + stage;
}
