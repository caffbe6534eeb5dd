using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>Moves what the steps of one pass receive and send, one step ahead of the attention.</summary>
internal sealed class StepHops
{
    private readonly BlockContext _context;
    private readonly ImmutableArray<RankStep> _steps;
    private readonly AttentionLayer _layer;
    private readonly ElementType _computeType;
    private readonly Inbox _blocks;
    private readonly Inbox _results;
    private readonly Dictionary<RingRank, RowMessage> _here = [];

    /// <summary>Begins a pass: what the first step needs may come.</summary>
    internal StepHops(BlockContext context, ImmutableArray<RankStep> steps, AttentionLayer layer)
    {
        _context = context;
        _steps = steps;
        _layer = layer;
        _computeType = MessageFields.TypeOf(context.Plan.ComputeFormat);
        _blocks = new Inbox(context, context.Links.Blocks, layer, steps.SelectMany(step => step.Arrivals));
        _results = new Inbox(context, context.Links.Results, layer, steps.SelectMany(step => step.Merges));
        _blocks.Expect(steps.Length > 0 ? steps[0].Step.Index : 0);
    }

    /// <summary>Which hop a transfer is, for errors and the ledger.</summary>
    internal static HopLabel LabelOf(AttentionLayer layer, Transfer transfer) => new(layer.Index, transfer.Step.Index, transfer.Payload switch
    {
        Payload.KeyValue => HopChannel.KeyValue,
        Payload.KeyValueGradient => HopChannel.KeyValueGradient,
        Payload.Query or Payload.HeadsIn => HopChannel.Query,
        Payload.PartialOutput or Payload.HeadsOut => HopChannel.Output,
        _ => HopChannel.OutputGradient,
    });

    /// <summary>Waits for what a step needs, by the block it comes from, and begins to receive what the next step needs.</summary>
    internal IReadOnlyDictionary<RingRank, RowMessage> Arrive(int at)
    {
        Leave(_here.Values);
        _here.Clear();
        foreach (var (transfer, message) in _blocks.Take(_steps[at].Arrivals))
        {
            _here.Add(transfer.Origin, ForKernels(message));
        }

        _context.Leaving.BeginStep(_steps[at].Step.Index);
        _results.Expect(_steps[at].Step.Index);
        if (at + 1 < _steps.Length)
        {
            _blocks.Expect(_steps[at + 1].Step.Index);
        }

        return _here;
    }

    /// <summary>Sends what may leave before the calls of a step. The message is given away.</summary>
    internal void Depart(int at, Func<Transfer, RowMessage> message)
    {
        var packed = new List<(Transfer Transfer, RowMessage Message)>();
        Send(_context.Links.Blocks, _steps[at].Departures, transfer =>
        {
            // One packed copy serves all who get the same.
            var same = packed.Find(other => IsSame(other.Transfer, transfer));
            if (same.Message is null)
            {
                same = (transfer, message(transfer));
                packed.Add(same);
            }
            else if (same.Message.Loan is null)
            {
                Staging.Hold(same.Message);
            }

            return same.Message;
        });
    }

    /// <summary>Takes what arrived during the calls of a step, in the order of the schedule.</summary>
    internal void Merge(int at, Action<Transfer, RowMessage> fold)
    {
        foreach (var (transfer, message) in _results.Take(_steps[at].Merges))
        {
            fold(transfer, message);
            _context.Staging.Release(message);
        }
    }

    /// <summary>Sends what a step computed. The message is given away.</summary>
    internal void SendResults(int at, Func<Transfer, RowMessage> message) => Send(_context.Links.Results, _steps[at].Results, message);

    /// <summary>Ends the pass: everything that came has been let go of; everything that was sent has been taken, but for what is lent.</summary>
    internal void End()
    {
        Leave(_here.Values);
        _context.Leaving.EndPass();
    }

    private static bool IsSame(Transfer a, Transfer b) =>
        a.Origin == b.Origin && a.Payload == b.Payload && a.QueryHeads == b.QueryHeads && a.KeyHeads == b.KeyHeads && a.Rows.SameAs(b.Rows);

    private void Send(ICommunicator link, ImmutableArray<Transfer> transfers, Func<Transfer, RowMessage> messageOf)
    {
        foreach (var transfer in transfers)
        {
            var message = messageOf(transfer);
            _context.Leaving.Add(transfer, message, link.Send(message.Bytes, transfer.To.Index, LabelOf(_layer, transfer)));
        }
    }

    private void Leave(IEnumerable<RowMessage> blocks)
    {
        foreach (var block in blocks)
        {
            _context.Staging.Release(block);
        }
    }

    // A wire of another type than the kernels': converted once, on arrival.
    private RowMessage ForKernels(RowMessage message)
    {
        if (message.IsOf(_computeType))
        {
            return message;
        }

        var converted = _context.Staging.Message(message.Rows, message.FieldsAs(_computeType));
        for (var field = 0; field < message.FieldCount; field++)
        {
            _context.Device.Copy(message.Flat(field), converted.Flat(field));
        }

        _context.Staging.Release(message);
        return converted;
    }
}
