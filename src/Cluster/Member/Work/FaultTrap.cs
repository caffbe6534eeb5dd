using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Member.Work;

/// <summary>Does to this process what <c>actorring chaos</c> asked for, when its work comes to the place.</summary>
/// <param name="log">Told in one line, from any thread.</param>
internal sealed class FaultTrap(Action<string> log)
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(50); // whoever asked is answered first

    private volatile ArmFault? _armed;
    private TrainStep _step;

    /// <summary>Breaks the communicators.</summary>
    internal Action Cut { get; set; } = () => { };

    /// <summary>Arms one fault; another takes its place. Any thread.</summary>
    internal void Arm(ArmFault order)
    {
        if (order.Point == FaultPoint.Now)
        {
            _ = Task.Delay(Moment).ContinueWith(_ => Carry(order), TaskScheduler.Default);
        }
        else
        {
            _armed = order;
        }
    }

    /// <summary>Which update is in hand.</summary>
    internal void BeginStep(TrainStep step) => _step = step;

    /// <summary>The work has come to a place.</summary>
    /// <returns>What shall be spoilt there, and how; null for nothing.</returns>
    internal Fault? Reach(FaultPoint point) => Reach(point, _step);

    /// <summary>The same, where it belongs to another update than the one in hand. Any thread.</summary>
    internal Fault? Reach(FaultPoint point, TrainStep step)
    {
        if (_armed is not { } order || order.Point != point || (order.Step >= 0 && order.Fault != Fault.Slow && order.Step != step.Index) || step.Index < order.Step)
        {
            return null;
        }

        _armed = order.Fault switch
        {
            Fault.Slow => order,
            Fault.NanTwice => order with { Fault = Fault.Nan, Step = step.Index },
            _ => null,
        };
        if (order.Fault != Fault.Slow)
        {
            // Whoever reads what members say must not take it for a fault of the machine.
            log($"on purpose: {Words.Of(order.Fault)} at {Words.Of(point)}, step {step.Index + 1}");
        }

        return Carry(order);
    }

    private Fault? Carry(ArmFault order)
    {
        switch (order.Fault)
        {
            case Fault.Kill:
                LocalSignal.Raise(LocalSignal.Sigkill);
                return null;
            case Fault.Stop:
                LocalSignal.Raise(LocalSignal.Sigstop);
                return null;
            case Fault.Slow:
                Thread.Sleep(order.Lasts);
                return null;
            case Fault.Cut:
                Cut();
                return null;
            default:
                return order.Fault;
        }
    }
}
