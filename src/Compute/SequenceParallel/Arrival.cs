using System.Diagnostics;
using ActorRing.Actors.Plans;
using ActorRing.Compute.Communication;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>A message on its way to this rank: read where the sender has it if the link lends, else received into staging.</summary>
internal sealed class Arrival
{
    private readonly BlockContext _context;
    private readonly Field[] _fields;
    private readonly RowMessage? _message;
    private readonly Pending _pending;
    private readonly Loan _loan;
    private readonly HopLabel _label;
    private readonly long _asked;

    /// <summary>Begins to receive.</summary>
    internal Arrival(BlockContext context, ICommunicator link, AttentionLayer layer, Transfer transfer)
    {
        _context = context;
        Transfer = transfer;
        _fields = MessageFields.Of(context.Plan, transfer);
        _label = StepHops.LabelOf(layer, transfer);
        _asked = context.Watch is null ? 0 : Stopwatch.GetTimestamp();
        if (link.Lends)
        {
            _loan = link.Borrow(RowMessage.BytesOf(transfer.Rows, _fields), transfer.From.Index, _label);
            return;
        }

        _message = context.Staging.Message(transfer.Rows, _fields);
        _pending = link.Receive(_message.Bytes, transfer.From.Index, _label);
    }

    /// <summary>What it is.</summary>
    internal Transfer Transfer { get; }

    /// <summary>Waits for it, once. The message is given away; a lent one must not be written.</summary>
    internal RowMessage Wait()
    {
        if (_context.Watch is not { } watch)
        {
            return Take();
        }

        var waiting = Stopwatch.GetTimestamp();
        var message = Take();
        var now = Stopwatch.GetTimestamp();
        watch.Arrived(Transfer.From, _label, RowMessage.BytesOf(Transfer.Rows, _fields), Stopwatch.GetElapsedTime(_asked, now), Stopwatch.GetElapsedTime(waiting, now));
        return message;
    }

    private RowMessage Take()
    {
        if (_message is null)
        {
            return _context.Staging.Lent(_loan, Transfer.Rows, _fields);
        }

        _pending.Wait();
        return _message;
    }
}
