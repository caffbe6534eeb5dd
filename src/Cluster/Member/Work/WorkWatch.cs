using System.Diagnostics;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Rank;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Data;
using ActorRing.Compute.SequenceParallel;

namespace ActorRing.Cluster.Member.Work;

// Shape letters: L layers, P ring ranks.

/// <summary>Where a rank's compute thread is in its update, and whether it may go on. Written by that thread, read by any.</summary>
internal sealed class WorkWatch(FaultTrap trap) : IAttentionWatch, IProgress<CorpusProgress>
{
    private readonly object _gate = new();
    private readonly List<HopDone> _hops = [];
    private Action<MachineEvent> _say = _ => { };
    private PrepareCommunicators? _epoch;
    private RotationUnits _units;
    private TrainStep _step;
    private int _passes; // attentions begun in this update: forward by layer, then backward
    private int _granted;
    private bool _isAborted;
    private long _progress;

    /// <summary>Grows with everything that is finished.</summary>
    internal long Progress => Interlocked.Read(ref _progress);

    /// <summary>Where a layer's blocks are said to be in place or done with.</summary>
    internal void SpeakTo(Action<MachineEvent> say) => _say = say;

    internal void Begin(PrepareCommunicators epoch)
    {
        lock (_gate)
        {
            (_epoch, _isAborted) = (epoch, false);
            _units = new RotationUnits(epoch.Spec.Granularity, epoch.Plan.Plan.Layers, epoch.Plan.Plan.Mesh.Context);
        }
    }

    internal void BeginStep(TrainStep step)
    {
        lock (_gate)
        {
            _granted = step == _step ? _granted : 0; // the first grant may come before the work
            (_step, _passes) = (step, 0);
            _hops.Clear();
        }

        Interlocked.Increment(ref _progress);
        trap.BeginStep(step);
    }

    /// <summary>A transfer as the ledger names it.</summary>
    internal HopWait HopOf(GlobalRank peer, HopLabel label, TimeSpan waited)
    {
        lock (_gate)
        {
            var ringStep = Math.Max(label.RingStep, 0);
            return new HopWait(_step, (_passes * _units.RingRanks) + ringStep, label.Layer, new RingStep(ringStep), _passes > _units.Layers, peer, waited);
        }
    }

    /// <summary>The compute thread may do the transfers of a unit. Any thread.</summary>
    internal void Grant(GrantRotation order)
    {
        lock (_gate)
        {
            if (order.Step != _step)
            {
                (_step, _granted, _passes) = (order.Step, 0, 0);
            }

            _granted = Math.Max(_granted, order.Unit + 1);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Lets the compute thread go: what it does next fails. Any thread.</summary>
    internal void Abort()
    {
        lock (_gate)
        {
            _isAborted = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>A part of a file was written, read or hashed.</summary>
    internal void Worked(long bytes) => Interlocked.Increment(ref _progress);

    public void Report(CorpusProgress value) => Interlocked.Increment(ref _progress);

    public void Before(int layer, bool isBackward)
    {
        int pass;
        lock (_gate)
        {
            pass = _passes++;
        }

        Interlocked.Increment(ref _progress);
        if (isBackward ? layer == _units.Layers - 1 : layer == 0)
        {
            trap.Reach(isBackward ? FaultPoint.Backward : FaultPoint.Attention);
        }

        if (_units.Granularity == GrantGranularity.PerLayer && _units.PerPass > 0)
        {
            Hold(pass);
        }
    }

    // A rank leaves out the steps in which it has nothing to do, and its neighbour may not: so what this rank holds until its next step is said with this one. Else
    // the neighbour would wait for a word that never comes.
    public void Departing(int layer, int ringStep, int nextRingStep, bool isBackward)
    {
        if (_units.Granularity != GrantGranularity.PerHop || _units.PerPass == 0)
        {
            return;
        }

        var first = (_passes - 1) * _units.PerPass;
        if (ringStep > 0)
        {
            _say(new BlockAttended(_epoch!.Epoch, _step, first + Math.Min(ringStep, _units.PerPass) - 1));
        }

        _say(new BlockHeld(_epoch!.Epoch, _step, first + Math.Min(nextRingStep, _units.PerPass) - 1));
        if (ringStep < _units.PerPass)
        {
            Await(first + ringStep);
        }
    }

    public void Arrived(SequenceRank sender, HopLabel label, long bytes, TimeSpan elapsed, TimeSpan waited)
    {
        Interlocked.Increment(ref _progress);
        var mesh = _epoch!.Plan.Plan.Mesh;
        _hops.Add(new HopDone((int)label.Channel, mesh.GlobalRankOf(mesh.ReplicaOf(_epoch.Rank), sender), bytes, elapsed, waited));
    }

    /// <summary>An update is done: its transfers are told of.</summary>
    internal void EndStep()
    {
        _say(new HopsDone(_epoch!.Epoch, _step, [.. _hops]));
        _hops.Clear();
    }

    public void Departed(int layer, int ringStep, bool isBackward)
    {
        Interlocked.Increment(ref _progress);
        if (!isBackward && layer == 0 && ringStep == 0)
        {
            trap.Reach(FaultPoint.Rotation);
        }
    }

    public void After(int layer, bool isBackward)
    {
        Interlocked.Increment(ref _progress);
        if (_units.PerPass > 0)
        {
            _say(new BlockAttended(_epoch!.Epoch, _step, (_passes * _units.PerPass) - 1));
        }
    }

    // This rank's block is in place: the neighbour may fetch it, and this rank the neighbour's, once all that stands in the way is gone.
    private void Hold(int unit)
    {
        _say(new BlockHeld(_epoch!.Epoch, _step, unit));
        Await(unit);
    }

    /// <summary>Time spent waiting for grants.</summary>
    internal TimeSpan GrantWaits { get; private set; }

    private void Await(int unit)
    {
        var started = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (_granted <= unit)
            {
                if (_isAborted)
                {
                    throw new CommunicationException("the epoch is over", CommunicationFailure.Aborted, Native.TransportOperation.Rotate, -1, default);
                }

                Monitor.Wait(_gate);
            }
        }

        GrantWaits += Stopwatch.GetElapsedTime(started);
    }
}
