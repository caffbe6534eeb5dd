using System.Globalization;

namespace ActorRing.Cluster.Cli.SaveFaults;

/// <summary>What goes wrong with one system call.</summary>
internal enum SaveFault
{
    /// <summary>The process is killed as it enters the call, which is not carried out.</summary>
    Kill,

    /// <summary>It is refused: I/O error.</summary>
    Eio,

    /// <summary>It is refused: the disk is full.</summary>
    Enospc,

    /// <summary>It is refused: the user's share of the disk is full.</summary>
    Edquot,

    /// <summary>A write that writes nothing and says so; what is left must be written by another one.</summary>
    Short,

    /// <summary>It takes longer.</summary>
    Delay,
}

/// <summary>A saver that breaks one rule: whoever looks for faults must notice it.</summary>
internal enum SaveMutation
{
    /// <summary>The saver itself.</summary>
    None,

    /// <summary>Writes the files of a TrainingCheckpoint once more under their final names.</summary>
    InPlace,

    /// <summary>Takes a refusal of the disk for a success.</summary>
    IgnoreErrors,

    /// <summary>Deletes the TrainingCheckpoint before the one that it saves.</summary>
    DeleteFirst,

    /// <summary>Says that it is committed before the coordinator's log does.</summary>
    SayFirst,
}

/// <summary>A fault at a place.</summary>
/// <param name="Call">Name of the system call.</param>
/// <param name="Occurrence">Which of that name in the thread that saves, from 1.</param>
/// <param name="Fault">What happens to it.</param>
internal sealed record SaveCase(string Call, int Occurrence, SaveFault Fault)
{
    internal bool IsRefusal => Fault is SaveFault.Eio or SaveFault.Enospc or SaveFault.Edquot;

    internal bool IsSync => Call is "fsync" or "fdatasync" or "sync_file_range" or "syncfs";

    /// <summary>As <c>strace</c> is told.</summary>
    /// <param name="delay">Of <see cref="SaveFault.Delay"/>.</param>
    internal string Injection(TimeSpan delay) => string.Create(CultureInfo.InvariantCulture, $"inject={Call}:{Effect(delay)}:when={Occurrence}");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Fault.ToString().ToLowerInvariant()} at {Call} {Occurrence}");

    private string Effect(TimeSpan delay) => Fault switch
    {
        SaveFault.Kill => "signal=KILL",
        SaveFault.Short => "retval=0",
        SaveFault.Delay => string.Create(CultureInfo.InvariantCulture, $"delay_enter={(long)delay.TotalMicroseconds}"),
        _ => $"error={Fault.ToString().ToUpperInvariant()}",
    };
}
