using System.Globalization;
using ActorRing.Actors.Ids;

namespace ActorRing.Compute.Checkpoints.Training;

/// <summary>
/// Names of folders below a job's root: <c>step-40</c> is committed, <c>step-40.tmp-3.7</c> is what epoch 3.7 is writing, <c>step-40.damaged-1</c> is kept as evidence,
/// <c>step-40.removed</c> is about to be deleted.
/// </summary>
/// <param name="StepsDone">Updates in it.</param>
/// <param name="Writer">The epoch that fills it; null for other kinds.</param>
/// <param name="Kind">What it is.</param>
internal readonly record struct CheckpointFolder(long StepsDone, FolderKind Kind, RingEpoch? Writer)
{
    private const string Prefix = "step-";
    private const string TemporaryMark = "tmp-";
    private const string RemovedMark = "removed";

    internal static string Committed(long stepsDone) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{stepsDone}");

    internal static string Temporary(long stepsDone, RingEpoch writer) => $"{Committed(stepsDone)}.{TemporaryMark}{writer}";

    internal static string Removed(long stepsDone) => $"{Committed(stepsDone)}.{RemovedMark}";

    internal static string Damaged(long stepsDone, int number) => string.Create(CultureInfo.InvariantCulture, $"{Committed(stepsDone)}.damaged-{number}");

    /// <summary>What a name means; null for a name that is none of these.</summary>
    internal static CheckpointFolder? Parse(string name)
    {
        if (!name.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var digits = dot < 0 ? name.AsSpan(Prefix.Length) : name.AsSpan(Prefix.Length, dot - Prefix.Length);
        if (Number(digits) is not { } steps)
        {
            return null;
        }

        if (dot < 0)
        {
            return new CheckpointFolder(steps, FolderKind.Committed, null);
        }

        var mark = name[(dot + 1)..];
        return mark == RemovedMark ? new CheckpointFolder(steps, FolderKind.Removed, null)
            : mark.StartsWith(TemporaryMark, StringComparison.Ordinal) && EpochOf(mark[TemporaryMark.Length..]) is { } writer ? new CheckpointFolder(steps, FolderKind.Temporary, writer)
            : null;
    }

    private static RingEpoch? EpochOf(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && Number(text.AsSpan(0, dot)) is { } term && Number(text.AsSpan(dot + 1)) is { } number ? new RingEpoch(term, number) : null;
    }

    // As written here: no sign, no leading zero.
    private static long? Number(ReadOnlySpan<char> digits) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && (digits.Length == 1 || digits[0] != '0') ? value : null;
}

/// <summary>Kinds of folders below a job's root.</summary>
internal enum FolderKind
{
    /// <summary>Complete, on the disk, counts.</summary>
    Committed,

    /// <summary>Being filled, or left behind.</summary>
    Temporary,

    /// <summary>About to be deleted.</summary>
    Removed,
}
