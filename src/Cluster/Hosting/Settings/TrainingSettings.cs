namespace ActorRing.Cluster.Hosting.Settings;

/// <summary>What all stages share.</summary>
/// <param name="MaxNorm">Largest global gradient norm; null for no clipping.</param>
/// <param name="LogEvery">Updates between two log lines.</param>
public sealed record TrainingSettings(double? MaxNorm, int LogEvery);

/// <summary>AdamW.</summary>
/// <param name="Beta1">Decay of the mean of gradients, in [0, 1).</param>
/// <param name="Beta2">Decay of the mean of squared gradients, in [0, 1).</param>
/// <param name="Eps">Added to the root of that mean.</param>
/// <param name="WeightDecay">Decoupled; times the learning rate.</param>
public sealed record OptimizerSettings(double Beta1, double Beta2, double Eps, double WeightDecay);

/// <summary>What is written.</summary>
/// <param name="Export">Whether a Hugging Face folder is, at the end.</param>
/// <param name="Interval">Updates from one TrainingCheckpoint to the next, in jobs of a cluster.</param>
/// <param name="KeepLatest">TrainingCheckpoints kept.</param>
/// <param name="Folder">For TrainingCheckpoints.</param>
/// <param name="PeerReplicas">Whether each rank's part of the state is also in another rank's memory, after every update.</param>
public sealed record CheckpointSettings(bool Export, int Interval, int KeepLatest, string Folder, bool PeerReplicas);

/// <summary>What backward computes again.</summary>
public enum RecomputeMode
{
    /// <summary>Nothing: every activation is kept.</summary>
    None,

    /// <summary>Every layer, from its input.</summary>
    Full,

    /// <summary>Every layer except attention, whose output and lse are kept.</summary>
    SelectivePlusPlus,
}
