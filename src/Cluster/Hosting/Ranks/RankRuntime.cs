using System.Collections.Concurrent;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Cluster.Hosting.Ranks;

/// <summary>The compute thread of a rank: carries out what its machine orders, in order, and answers with events. An abort goes around the queue.</summary>
/// <remarks>Invariant: nothing of an aborted epoch begins, and what of it is under way is freed.</remarks>
internal sealed class RankRuntime : IDisposable
{
    private readonly IRankWork _work;
    private readonly Action<MachineEvent> _answer;
    private readonly BlockingCollection<Effect> _orders = [];
    private readonly Thread _thread;
    private readonly Lock _gate = new();
    private RingEpoch _aborted;

    /// <param name="work">Owned: disposed of on the compute thread.</param>
    /// <param name="answer">Called on the compute thread with each result.</param>
    internal RankRuntime(IRankWork work, Action<MachineEvent> answer)
    {
        _work = work;
        _answer = answer;
        work.SpeakTo(answer);
        _thread = new Thread(Run) { Name = "compute", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Takes an order; false if the effect is none of a rank's. Never blocks.</summary>
    internal bool TryOrder(Effect effect)
    {
        switch (effect)
        {
            case AbortCommunicators abort:
                lock (_gate)
                {
                    _aborted = abort.Epoch > _aborted ? abort.Epoch : _aborted;
                }

                _work.Abort(abort.Epoch, "the epoch is over");
                _orders.Add(abort);
                return true;
            case GrantRotation grant:
                _work.Grant(grant);
                return true;
            case PrepareCommunicators or ConnectCommunicators or RestoreCheckpoint or BeginTrainStep or WriteShard or Replicate or KeepReplicas:
                _orders.Add(effect);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Ends after the order in hand; whoever wants it sooner aborts the epoch first.</summary>
    public void Dispose()
    {
        _orders.CompleteAdding();
        _thread.Join();
        _orders.Dispose();
    }

    private void Run()
    {
        foreach (var order in _orders.GetConsumingEnumerable())
        {
            if (order is AbortCommunicators)
            {
                _work.Leave();
            }
            else if (order is KeepReplicas keep)
            {
                _work.Keep(keep);
            }
            else if (!IsAborted(EpochOf(order)) && Answer(order) is { } answer)
            {
                _answer(answer);
            }
        }

        _work.Dispose();
    }

    private MachineEvent? Answer(Effect order)
    {
        try
        {
            return Carry(order);
        }
        catch (CheckpointUnreadableException failure) when (order is RestoreCheckpoint restore)
        {
            return new RestoreFailed(restore.Epoch, OneLine(failure));
        }
        catch (Exception failure)
        {
            // Whatever it was: the machine decides what becomes of the epoch.
            return new WorkFailed(EpochOf(order), OneLine(failure), (failure as RankFailureException)?.Kind ?? FailureKind.Work);
        }
    }

    private MachineEvent? Carry(Effect order)
    {
        switch (order)
        {
            case PrepareCommunicators prepare:
                var (endpoint, deadline) = _work.Prepare(prepare);
                return new CommunicatorsPrepared(prepare.Epoch, endpoint, deadline);
            case ConnectCommunicators connect:
                _work.Connect(connect);
                return new CommunicatorsConnected(connect.Epoch);
            case RestoreCheckpoint restore:
                return new Restored(restore.Epoch, restore.StepsDone, _work.Restore(restore));
            case BeginTrainStep begin:
                var (digest, report) = _work.Train(begin.Step);
                return new TrainStepDone(begin.Epoch, begin.Step.Index + 1, digest, report);
            case Replicate replicate:
                _work.Replicate(replicate);
                return null;
            default:
                _work.WriteShard((WriteShard)order);
                return null;
        }
    }

    private bool IsAborted(RingEpoch epoch)
    {
        lock (_gate)
        {
            return epoch <= _aborted;
        }
    }

    private static string OneLine(Exception failure) => failure.Message.ReplaceLineEndings(" ");

    private static RingEpoch EpochOf(Effect order) => order switch
    {
        PrepareCommunicators x => x.Epoch,
        ConnectCommunicators x => x.Epoch,
        RestoreCheckpoint x => x.Epoch,
        BeginTrainStep x => x.Epoch,
        WriteShard x => x.Epoch,
        Replicate x => x.Epoch,
        _ => RingEpoch.None,
    };
}
