using System.Globalization;
using ActorRing.Actors.Ids;

namespace ActorRing.Cluster.Member.Work;

/// <summary>What a rank has computed, whatever becomes of it: a line on standard error for each update, for <c>bench partitions</c>.</summary>
/// <param name="Epoch">In which.</param>
/// <param name="StepsDone">Updates done, this one included.</param>
/// <param name="Digest">Of the state behind it.</param>
internal readonly record struct UpdateRecord(RingEpoch Epoch, long StepsDone, StateDigest Digest)
{
    /// <summary>Set in the environment of members that shall say it.</summary>
    internal const string Variable = "ACTORRING_UPDATE_RECORD";

    private const string Mark = "update record ";
    private static readonly bool IsAsked = Environment.GetEnvironmentVariable(Variable) is not null;

    internal void PrintIfAsked()
    {
        if (IsAsked)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Mark}{Epoch.Term} {Epoch.Number} {StepsDone} {Digest.Value:x16}"));
        }
    }

    /// <summary>What such a line says; null for any other.</summary>
    internal static UpdateRecord? Read(string line)
    {
        if (line.IndexOf(Mark, StringComparison.Ordinal) is not (>= 0 and var at) || line[(at + Mark.Length)..].Split(' ') is not [var term, var number, var steps, var digest])
        {
            return null;
        }

        var culture = CultureInfo.InvariantCulture;
        return new UpdateRecord(new(long.Parse(term, culture), long.Parse(number, culture)), long.Parse(steps, culture), new(ulong.Parse(digest, NumberStyles.HexNumber, culture)));
    }
}
