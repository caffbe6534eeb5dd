namespace ActorRing.Cluster.Cli.Verify;

/// <summary>One row of <c>verify</c>; a rank's part of it while it travels.</summary>
/// <param name="Mode">Spelling of the mode.</param>
/// <param name="Ranks">P.</param>
/// <param name="Layout">Layout of tokens.</param>
/// <param name="Case">Name of the problem.</param>
/// <param name="MaxErrorOut">Largest difference from one process, outputs and LSE (or losses), relative to the largest value.</param>
/// <param name="MaxErrorGrad">The same of gradients.</param>
/// <param name="BytesSent">Counted by the communicators.</param>
/// <param name="BytesPlanned">By the plan.</param>
/// <param name="Hops">Transfers, counted by the communicators.</param>
/// <param name="HopsPlanned">By the plan.</param>
internal sealed record VerifyRow(
    string Mode, int Ranks, string Layout, string Case, double MaxErrorOut, double MaxErrorGrad, long BytesSent, long BytesPlanned, long Hops, long HopsPlanned)
{
    private const double OutBound = 1e-5;
    private const double GradientBound = 1e-4;

    /// <summary>Whether errors are within bounds and traffic is as planned.</summary>
    public bool Pass => MaxErrorOut <= OutBound && MaxErrorGrad <= GradientBound && BytesSent == BytesPlanned && Hops == HopsPlanned;

    /// <summary>This row with another rank's part.</summary>
    internal VerifyRow With(VerifyRow part) => this with
    {
        MaxErrorOut = Math.Max(MaxErrorOut, part.MaxErrorOut),
        MaxErrorGrad = Math.Max(MaxErrorGrad, part.MaxErrorGrad),
        BytesSent = BytesSent + part.BytesSent,
        BytesPlanned = BytesPlanned + part.BytesPlanned,
        Hops = Hops + part.Hops,
        HopsPlanned = HopsPlanned + part.HopsPlanned,
    };
}
