using ActorRing.Compute.Optimizers;

namespace ActorRing.Compute.Training;

/// <summary>One stage of a job: a length, a rotary base, a learning rate and data, for a number of updates.</summary>
/// <param name="Name">For logs.</param>
/// <param name="Tokens">T, tokens of a row.</param>
/// <param name="Batch">B, rows of a micro-batch.</param>
/// <param name="Accumulation">Micro-batches of an update.</param>
/// <param name="Schedule">Learning rate of each update; its Steps are the stage's length.</param>
/// <param name="RopeTheta">Base of the rotary frequencies; null keeps the model's.</param>
/// <param name="Seed">Of the data order.</param>
/// <param name="Data">What it reads.</param>
public sealed record TrainingStage(string Name, int Tokens, int Batch, int Accumulation, LearningRateSchedule Schedule, double? RopeTheta, long Seed, StageData Data);

/// <summary>What a stage reads.</summary>
/// <param name="Patterns">Files and patterns.</param>
/// <param name="Corpus">How they become token ids.</param>
/// <param name="DocumentMask">Whether documents are kept apart in attention and labels.</param>
public sealed record StageData(IReadOnlyList<string> Patterns, Data.CorpusOptions Corpus, bool DocumentMask);
