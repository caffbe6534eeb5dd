using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Effects;

/// <summary>Effects of one step, in order. A host empties it before the next step.</summary>
public sealed class Outbox
{
    private readonly List<Effect> _effects = [];

    /// <summary>How many.</summary>
    public int Count => _effects.Count;

    /// <summary>One of them.</summary>
    public Effect this[int index] => _effects[index];

    /// <summary>Asks for one more.</summary>
    public void Add(Effect effect) => _effects.Add(effect);

    /// <summary>Forgets all.</summary>
    public void Clear() => _effects.Clear();

    internal void Send(MemberId receiver, Message message) => _effects.Add(new Send(receiver, message));
}
