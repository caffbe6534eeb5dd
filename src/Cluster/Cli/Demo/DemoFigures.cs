namespace ActorRing.Cluster.Cli.Demo;

/// <summary>What a demo came to.</summary>
/// <param name="Ranks">Member processes.</param>
/// <param name="Mode">How they shared a sequence.</param>
/// <param name="Seed">Of data and samples.</param>
/// <param name="BaseTokens">Context of the base model.</param>
/// <param name="TrainedTokens">Longest row that was trained.</param>
/// <param name="LossAlone">Of the first update in one process.</param>
/// <param name="LossTogether">Of the first update on all ranks.</param>
/// <param name="ParityError">Their relative difference.</param>
/// <param name="SecondsToResume">From the loss of a rank to all ranks training again.</param>
/// <param name="SecondsToNewStep">From the loss to the first update that had not been made before.</param>
/// <param name="IsBitEqual">Whether an undisturbed run ends with the same weights; null if that was not asked for.</param>
/// <param name="ScoreBefore">Mean needle score of the base, from 4 times its context to the trained length.</param>
/// <param name="ScoreThetaAlone">The same with the raised rotary base and no training.</param>
/// <param name="ScoreAfter">The same after training.</param>
/// <param name="LongestLength">Longest length tested up to which the mean score stays at 80 % or more.</param>
/// <param name="TrainingSeconds">From the start of the cluster to its end.</param>
/// <param name="Seconds">Of everything.</param>
internal sealed record DemoFigures(
    int Ranks, string Mode, long Seed, int BaseTokens, int TrainedTokens, double LossAlone, double LossTogether, double ParityError, double SecondsToResume, double SecondsToNewStep,
    bool? IsBitEqual, double ScoreBefore, double ScoreThetaAlone, double ScoreAfter, long LongestLength, double TrainingSeconds, double Seconds)
{
    /// <summary>The greatest difference between ranks and one process that is rounding.</summary>
    internal const double MostParityError = 1e-5;

    /// <summary>Whether the promises hold that do not depend on luck: equal sums, and equal bits after a loss.</summary>
    internal bool IsSound => ParityError <= MostParityError && IsBitEqual != false;
}
