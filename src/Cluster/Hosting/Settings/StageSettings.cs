using ActorRing.Compute.Data;

namespace ActorRing.Cluster.Hosting.Settings;

/// <summary>One stage: a length, a learning rate, data, for a number of updates.</summary>
/// <param name="Name">Unique in the job.</param>
/// <param name="SeqLen">Tokens T of a row.</param>
/// <param name="RopeTheta">Base of the rotary frequencies in this stage; null for the model's own.</param>
/// <param name="Steps">Optimiser updates.</param>
/// <param name="Lr">Largest learning rate.</param>
/// <param name="GradientAccumulation">Micro-batches of one update.</param>
/// <param name="BatchSize">Rows B of a micro-batch.</param>
/// <param name="Seed">Seed of the data order.</param>
/// <param name="Data">What it trains on.</param>
/// <param name="LrScheduler">Learning rate over its updates.</param>
public sealed record StageSettings(
    string Name,
    int SeqLen,
    double? RopeTheta,
    int Steps,
    double Lr,
    int GradientAccumulation,
    int BatchSize,
    long Seed,
    DataSettings Data,
    LrSchedulerSettings LrScheduler);

/// <summary>What a stage trains on.</summary>
/// <param name="Train">Paths and patterns; at least one.</param>
/// <param name="Format">How the files are read.</param>
/// <param name="DocumentMask">Whether documents are kept apart in attention and labels.</param>
/// <param name="AddBos">Whether documents of text start with BOS; null for "if the tokenizer has one".</param>
/// <param name="AddEos">Whether documents of text end with EOS; null for "if the tokenizer has one".</param>
public sealed record DataSettings(IReadOnlyList<string> Train, SourceFormat Format, bool DocumentMask, bool? AddBos, bool? AddEos);

/// <summary>Learning rate over the updates of a stage.</summary>
/// <param name="Name">Shape after the warm-up.</param>
/// <param name="WarmupSteps">Updates that rise linearly; not more than the stage has.</param>
/// <param name="MinRatio">Last learning rate as a share of the largest.</param>
public sealed record LrSchedulerSettings(LrSchedule Name, int WarmupSteps, double MinRatio);

/// <summary>Shape of the learning rate after the warm-up.</summary>
public enum LrSchedule
{
    /// <summary>Stays.</summary>
    Constant,

    /// <summary>A straight line down.</summary>
    Linear,

    /// <summary>Half a cosine down.</summary>
    Cosine,
}
