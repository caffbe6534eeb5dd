using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Ranks;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>A rank's work without any: for what is measured about the control plane of more ranks than a machine can compute. Takes a hundredth of a second an update.</summary>
internal sealed class HollowWork : IRankWork
{
    private static readonly TimeSpan Update = TimeSpan.FromMilliseconds(10);
    private Action<MachineEvent> _say = _ => { };
    private long _progress;

    public long Progress => Interlocked.Read(ref _progress);

    public HopWait? Waiting => null;

    public void SpeakTo(Action<MachineEvent> say) => _say = say;

    public void Arm(ArmFault order)
    {
    }

    public (string Endpoint, TimeSpan HopDeadline) Prepare(PrepareCommunicators order) => ("none", TimeSpan.FromMinutes(1));

    public void Connect(ConnectCommunicators order)
    {
    }

    public StateDigest Restore(RestoreCheckpoint order) => DigestOf(order.StepsDone);

    public (StateDigest Digest, ActorRing.Actors.Messages.StepReport Report) Train(TrainStep trainStep)
    {
        Thread.Sleep(Update);
        Interlocked.Increment(ref _progress);
        return (DigestOf(trainStep.Index + 1), new ActorRing.Actors.Messages.StepReport(1, 1, 1, Update, 0, TimeSpan.Zero));
    }

    public void Replicate(Replicate order) => _say(new Replicated(order.Epoch, order.StepsDone, order.Digest, []));

    public void Keep(KeepReplicas order)
    {
    }

    public void WriteShard(WriteShard order) => _say(new ShardFailed(order.Epoch, order.StepsDone, "there is nothing to write"));

    public void Grant(GrantRotation order)
    {
    }

    public void Abort(RingEpoch epoch, string reason)
    {
    }

    public void Leave()
    {
    }

    public void Dispose()
    {
    }

    private static StateDigest DigestOf(long stepsDone) => new((ulong)stepsDone);
}
