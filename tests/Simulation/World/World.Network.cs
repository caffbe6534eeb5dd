using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;

namespace ActorRing.Simulation;

/// <content>Messages: late, lost, twice, out of order, one way only, or long after a cut has healed.</content>
internal sealed partial class World
{
    private readonly bool[,] _cuts = new bool[SubmitterSlot + 1, SubmitterSlot + 1];
    private readonly bool[,] _dataCuts = new bool[SubmitterSlot + 1, SubmitterSlot + 1];

    private readonly (SimProcess From, MemberId Receiver, Message Message)[] _kept = new (SimProcess, MemberId, Message)[24];
    private int _keptNext;

    // What a broken connection kept is delivered by the next one; to a coordinator it may be another process than the one it was meant for.
    private void ReplayOld()
    {
        foreach (var (from, receiver, message) in _kept)
        {
            var to = from is null ? null : receiver.Name == "seed" ? Newest() : Find(receiver);
            if (to is not null && !_isHealed && _random.Below(3) > 0)
            {
                _queue.Add(Now + _random.Between(0, 30), to, new Received(from!.Sender, message));
            }
        }
    }

    private SimProcess? Find(MemberId receiver)
    {
        switch (receiver.Name[0])
        {
            case 'm':
                var current = _members[receiver.Name[1] - '0'];
                if (current?.Id.Incarnation == receiver.Incarnation)
                {
                    return current;
                }

                foreach (var zombie in _zombies)
                {
                    if (zombie.Id == receiver)
                    {
                        return zombie;
                    }
                }

                return null;
            case 's':
                foreach (var coordinator in _coordinators)
                {
                    if (coordinator.Id.Incarnation == receiver.Incarnation)
                    {
                        return coordinator;
                    }
                }

                return null;
            default:
                foreach (var submitter in _submitters)
                {
                    if (submitter.Id.Name == receiver.Name)
                    {
                        return submitter;
                    }
                }

                return null;
        }
    }

    // Whichever of them the connection happens to lead to.
    private SimCoordinator? Seed() => _coordinators.Count == 0 ? null : _coordinators[_coordinators.Count == 1 ? 0 : _random.Below(_coordinators.Count)];

    private void Deliver(SimProcess from, SimProcess? to, Message message)
    {
        if (to is null || !to.IsAlive)
        {
            return;
        }

        CheckSent(from, message);
        if (message is StartEpoch && _faults.Replay > 0 && _random.Below(4) == 0)
        {
            At(_random.Between(5, 30), ReplayOld);
        }

        if (_faults.UsesCodec)
        {
            var error = MessageCodec.TryDecode(MessageCodec.Encode(message), out var decoded);
            message = error == WireError.None ? decoded! : throw new Violation($"wire: {message.GetType().Name} is {error} to its own codec");
        }

        if (_faults.Replay > 0 && (message is TrainStepCompleted or ShardWritten or ProposePlan or CoordinatorHello { StepsCommitted: > 0 }))
        {
            _kept[_keptNext++ % _kept.Length] = (from, to.Id, message);
        }

        var copies = 1;
        if (!_isHealed)
        {
            copies = _random.Chance(_faults.Drop) ? 0 : _random.Chance(_faults.Duplicate) ? 2 : 1;
        }

        for (var copy = 0; copy < copies; copy++)
        {
            long wait = _random.Between(0, 2);
            if (!_isHealed && _random.Chance(_faults.Delay))
            {
                wait += _random.Below(16) == 0 ? _random.Below(400) : _random.Below(40);
            }

            if (IsCut(from, to))
            {
                // Lost with the connection, or kept by it until it is back.
                if (_faults.Profile == Profile.CutOffSeed || _random.Below(4) > 0)
                {
                    continue;
                }

                wait += _random.Below(200);
            }

            _queue.Add(Now + wait, to, new Received(from.Sender, message));
        }
    }

    private bool IsCut(SimProcess from, SimProcess to) =>
        _cuts[from.Slot, to.Slot] || (!_isHealed && (from is SimMember { IsCutOff: true } || to is SimMember { IsCutOff: true }));
}
