using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Cli.Ranks;

/// <summary>Does to this process what <c>actorring chaos</c> asked for, when its work comes to the place.</summary>
internal sealed class FaultTrap
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
    /// <returns>Whether what is computed there shall be spoilt.</returns>
    internal bool Reach(FaultPoint point) => Reach(point, _step);

    /// <summary>The same, where it belongs to another update than the one in hand. Any thread.</summary>
    internal bool Reach(FaultPoint point, TrainStep step)
    {
        if (_armed is not { } order || order.Point != point || (order.Step >= 0 && order.Fault != Fault.Slow && order.Step != step.Index) || step.Index < order.Step)
        {
            return false;
        }

        _armed = order.Fault switch
        {
            Fault.Slow => order,
            Fault.NanTwice => order with { Fault = Fault.Nan, Step = step.Index },
            _ => null,
        };
        return Carry(order);
    }

    private bool Carry(ArmFault order)
    {
        switch (order.Fault)
        {
            case Fault.Kill:
                LocalSignal.Raise(LocalSignal.Sigkill);
                return false;
            case Fault.Stop:
                LocalSignal.Raise(LocalSignal.Sigstop);
                return false;
            case Fault.Slow:
                Thread.Sleep(order.Lasts);
                return false;
            case Fault.Cut:
                Cut();
                return false;
            default:
                return true;
        }
    }
}
