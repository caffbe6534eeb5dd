using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Interpreter;

/// <summary>Something that goes wrong on purpose while a schedule runs; nothing by default.</summary>
internal sealed record Fault
{
    /// <summary>Whether a rank leaves a call out.</summary>
    internal Func<RankSchedule, BlockCall, bool> SkipsCall { get; init; } = (_, _) => false;

    /// <summary>Whether a message arrives and is ignored.</summary>
    internal Func<Transfer, bool> Loses { get; init; } = _ => false;

    /// <summary>What is taken for the message.</summary>
    internal Func<Message, Message> Falsify { get; init; } = message => message;
}
