using System.Globalization;
using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Member;

/// <summary>What machines say, as people read it.</summary>
internal static class Words
{
    /// <summary>The name of an enumeration's value, as configuration spells such names: <c>member-exit</c>.</summary>
    internal static string Of<T>(T value)
        where T : struct, Enum => string.Concat(value.ToString().Select((letter, at) => char.IsUpper(letter) ? $"{(at > 0 ? "-" : "")}{char.ToLowerInvariant(letter)}" : $"{letter}"));

    /// <summary>A time in the unit that suits it.</summary>
    internal static string Of(TimeSpan time)
    {
        var (number, unit) = time.TotalMilliseconds switch
        {
            < 1 => (time.TotalMicroseconds, "us"),
            < 1000 => (time.TotalMilliseconds, "ms"),
            < 120_000 => (time.TotalSeconds, "s"),
            _ => (time.TotalMinutes, "min"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{number:0.#} {unit}");
    }

    /// <summary>A transfer that is waited for.</summary>
    internal static string Of(HopWait hop) =>
        $"step {hop.Step.Index + 1}{(hop.Layer < 0 ? "" : $" layer {hop.Layer} ring step {hop.RingStep.Index}")}{(hop.IsBackward ? " backward" : "")} from rank {hop.Peer.Index} for {Of(hop.Waited)}";
}
