using System.Diagnostics;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Plans;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Ranks;
using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Compute.Checkpoints.Replicas;
using ActorRing.Compute.Communication;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Compute.Training.Guards;
using ActorRing.Native;

namespace ActorRing.Cluster.Member.Work;

/// <summary>A rank's work: opens the job's device, model and data, joins the epoch's communicators, trains.</summary>
internal sealed class JobWork : IRankWork
{
    private readonly FaultTrap _trap;
    private readonly WorkWatch _watch;
    private readonly string? _address;
    private Native.ComputeDevice? _device;
    private ComputeSettings? _deviceSettings;
    private PreparedPlan? _plan;
    private RingEpoch _epoch;
    private GlobalRank _rank;
    private JobRun? _run;
    private ReplicaStore? _store;
    private ReplicaExchange? _exchange;
    private ShardWriter? _writer;
    private Action<MachineEvent> _say = _ => { };
    private volatile EpochLinks? _links;

    /// <param name="log">Told in one line of faults on purpose, from any thread.</param>
    /// <param name="address">Where Gloo listens; null for 127.0.0.1.</param>
    internal JobWork(Action<string> log, string? address = null)
    {
        _address = address;
        _trap = new FaultTrap(log);
        _watch = new WorkWatch(_trap);
        _trap.Cut = () => _links?.Abort("cut on purpose");
    }

    /// <summary>Updates made.</summary>
    internal long Steps { get; private set; }

    /// <summary>Time that they took.</summary>
    internal TimeSpan StepTime { get; private set; }

    /// <summary>The part of it spent waiting for grants.</summary>
    internal TimeSpan GrantWaits => _watch.GrantWaits;

    public long Progress => _watch.Progress;

    public HopWait? Waiting => _links?.Waiting is { } waiting ? _watch.HopOf(waiting.Peer, waiting.Label, waiting.Waited) : null;

    public void SpeakTo(Action<MachineEvent> say)
    {
        _say = say;
        _watch.SpeakTo(say);
    }

    public void Arm(ArmFault order) => _trap.Arm(order);

    public (string Endpoint, TimeSpan HopDeadline) Prepare(PrepareCommunicators order)
    {
        var settings = ResolvedJob.Of(order.Spec.Payload.AsSpan()).Settings;
        var parallelism = settings.Parallelism;
        (_plan, _epoch, _rank) = (order.Plan, order.Epoch, order.Rank);
        _watch.Begin(order);
        _links = new EpochLinks(order.Plan.Plan, order.Rank, (order.Epoch.Term << 32) | order.Epoch.Number, new CommunicatorOptions
        {
            Transport = parallelism.Transport == TensorTransport.Gloo ? TransportKind.Gloo : TransportKind.SharedMemory,
            Host = parallelism.Transport == TensorTransport.Gloo ? _address : null,
            Deadline = parallelism.HopDeadline,
            Verifies = settings.Guards.VerifiesFrames,
        });
        return (_links.Endpoint, parallelism.HopDeadline);
    }

    public void Connect(ConnectCommunicators order) => _links!.Connect(order.Endpoints, order.Secret);

    public StateDigest Restore(RestoreCheckpoint order)
    {
        var job = ResolvedJob.Of(order.Spec.Payload.AsSpan());
        _run?.Dispose();
        _run = null; // a failure below must not leave a run that is disposed of
        _store ??= new ReplicaStore(SayDamaged);
        _run = new JobRun(DeviceOf(job.Settings.Compute, order.Ranks), job, order, _plan!, _links!, _store, _watch, _trap, text => _say(new WorkNoted(order.Epoch, text)));
        if (job.Settings.Checkpoint.PeerReplicas)
        {
            _exchange = new ReplicaExchange(
                _store, order.Ranks == 1 ? null : _links!.Replicas,
                done => _say(new Replicated(order.Epoch, done.StepsDone, done.Digest, [.. done.Parts])), failure => _say(new WorkFailed(order.Epoch, TextOf(failure), KindOf(failure))));
        }

        return _run.Restored;
    }

    public void Replicate(Replicate order)
    {
        if (_exchange is null)
        {
            // The job wants none.
            _say(new Replicated(order.Epoch, order.StepsDone, order.Digest, []));
            return;
        }

        if (_trap.Reach(FaultPoint.Replica) is not null)
        {
            _store!.Flip(order.Job, _run!.State.Group.Rank);
        }

        _exchange.Begin(_run!.State, order.Job, order.StepsDone, order.Digest);
    }

    public void Keep(KeepReplicas order) => _store?.Keep(order.Job, order.From, order.To);

    public (StateDigest Digest, StepReport Report) Train(TrainStep trainStep)
    {
        var (run, links) = (_run!, _links!);
        var ((sent, waited), granted) = (links.Totals, _watch.GrantWaits);
        var started = Stopwatch.GetTimestamp();
        _watch.BeginStep(trainStep);
        if (_trap.Reach(FaultPoint.Begin) is not null)
        {
            BadMemory.FlipWeight(run.State);
        }

        var result = Named(() => run.Train(trainStep));
        var digest = Named(run.Digest);
        new UpdateRecord(_epoch, trainStep.Index + 1, digest).PrintIfAsked();
        _watch.EndStep();
        if (_trap.Reach(FaultPoint.Update) is not null)
        {
            BadMemory.FlipMoment(run.State);
        }

        var (sentNow, waitedNow) = links.Totals;
        var waits = waitedNow - waited + _watch.GrantWaits - granted;
        var elapsed = Stopwatch.GetElapsedTime(started);
        Steps++;
        StepTime += elapsed;
        return (digest, new StepReport(result.Loss, result.GradientNorm, result.Tokens, elapsed, sentNow - sent, waits));
    }

    public void WriteShard(WriteShard order)
    {
        var run = _run!;
        if (TryExport(run, order) is { } failed)
        {
            // The shard is asked for once more, and the export with it: a full disk may have room by then.
            _say(failed);
            return;
        }

        if (run.CopyOf(order) is not { } copy)
        {
            _say(ShardWriter.Written(order, () => run.WriteShard(order), run.Digested, _trap));
            return;
        }

        _writer ??= new ShardWriter(_trap, _say);
        _writer.Add(order, () => run.WriteShard(order, copy), run.Digested);
    }

    public void Grant(GrantRotation order) => _watch.Grant(order);

    public void Abort(RingEpoch epoch, string reason)
    {
        _watch.Abort();
        _links?.Abort(reason);
    }

    public void Leave()
    {
        _exchange?.Dispose();
        _exchange = null;
        _run?.Dispose();
        _run = null;
        _links?.Dispose();
        _links = null;
    }

    public void Dispose()
    {
        Leave();
        _writer?.Dispose();
        _store?.Dispose();
        _device?.Dispose();
    }

    private static ShardFailed? TryExport(JobRun run, WriteShard order)
    {
        try
        {
            run.ExportIfLast(order.StepsDone);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new ShardFailed(order.Epoch, order.StepsDone, $"export of the model after update {order.StepsDone}: {failure.Message.ReplaceLineEndings(" ")}");
        }
    }

    // What follows from a failure is known here, and the rank to blame only by its place in a communicator.
    private T Named<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception failure) when (KindOf(failure) is var kind and not FailureKind.Work)
        {
            throw new RankFailureException(kind, failure.Message, failure);
        }
        catch (CommunicationException failure) when (_links!.Blamed(failure) is not null)
        {
            throw new InvalidOperationException(TextOf(failure), failure);
        }
    }

    private FailureKind KindOf(Exception failure) => failure switch
    {
        NonFiniteException when _run?.Guards.NonFinite == NonFinitePolicy.Stop => FailureKind.JobStops,
        NonFiniteException when _run?.Guards.NonFinite == NonFinitePolicy.RollBack => FailureKind.RollsBack,
        NonFiniteException => FailureKind.NonFinite,
        StateCorruptException => FailureKind.StateCorrupt,
        _ => FailureKind.Work,
    };

    private void SayDamaged(PartName part, string change) =>
        _say(new ReplicaDamaged(new Replica(part.Job, part.StepsDone, default, part.Parts, part.Part), $"the copy of part {part.Part} of update {part.StepsDone} of {part.Job} is given up: {change}"));

    private string TextOf(Exception failure) => failure is CommunicationException lost && _links?.Blamed(lost) is { } blamed
        ? $"{lost.Label}: rank {blamed.Index}: {failure.Message}"
        : failure.Message.ReplaceLineEndings(" ");

    private Native.ComputeDevice DeviceOf(ComputeSettings settings, int ranks)
    {
        if (_device is null || settings != _deviceSettings)
        {
            _device?.Dispose();
            _device = null;
            _device = JobDevice.Open(settings, ranks);
            _deviceSettings = settings;
        }

        return _device;
    }
}
