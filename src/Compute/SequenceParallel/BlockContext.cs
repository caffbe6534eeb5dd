using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;
using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>What the passes of one rank share.</summary>
/// <param name="Device">Computes.</param>
/// <param name="Plan">The epoch's plan.</param>
/// <param name="Staging">Where messages lie.</param>
/// <param name="Links">How they travel.</param>
/// <param name="Watch">Told when blocks leave; null where nobody wants to know.</param>
internal sealed record BlockContext(ComputeDevice Device, SequenceParallelPlan Plan, Staging Staging, SequenceLinks Links, IAttentionWatch? Watch = null)
{
    /// <summary>What others may still read.</summary>
    internal Leaving Leaving { get; } = new(Staging, Links.Blocks.Lends);

    /// <summary>The rows that a transfer carries on: of the rank's own block, or of a block that passes through.</summary>
    internal RowMessage Pack(Transfer transfer, in BlockTensors own, IReadOnlyDictionary<RingRank, RowMessage> here)
    {
        var wire = MessageFields.Of(Plan, transfer);
        if (here.TryGetValue(transfer.Origin, out var passing) && passing.Rows.SameAs(transfer.Rows) && passing.IsOf(wire[0].Type))
        {
            return passing.Loan is null ? Staging.Hold(passing) : passing;
        }

        var message = Staging.Message(transfer.Rows, wire);
        var sources = MessageFields.Sources(transfer.Payload);
        foreach (var rows in transfer.Rows.Slices)
        {
            for (var field = 0; field < sources.Length; field++)
            {
                Device.Copy(passing is null ? own.Rows(sources[field], rows) : passing.View(field, rows), message.View(field, rows));
            }
        }

        return message;
    }

    /// <summary>Rows of queries that a call is about, by their numbers in their block.</summary>
    internal static RowSlice QueriesOf(in BlockCall call) => new(call.FirstSequence, call.SequenceCount, call.QueryFirst, call.Queries.Count);

    /// <summary>Rows of keys that a call is about, by their numbers in their block.</summary>
    internal static RowSlice KeysOf(in BlockCall call) => new(call.FirstSequence, call.SequenceCount, call.KeyFirst, call.Keys.Count);

    /// <summary>Some heads of a tensor of rows.</summary>
    internal static Tensor HeadsOf(in Tensor tensor, HeadSpan heads) => tensor.Slice(2, heads.First, heads.Count);

    /// <summary>What the queries of a call see of its keys.</summary>
    internal static AttentionMask MaskOf(AttentionPattern pattern, in BlockCall call)
    {
        var group = pattern.Groups[call.Group];
        return new AttentionMask
        {
            Causal = pattern.IsCausal,
            Window = pattern.Window,
            Sink = pattern.Sink,
            QueryPosition = call.Queries.Start,
            QueryStep = call.Queries.Step,
            KeyPosition = call.Keys.Start,
            KeyStep = call.Keys.Step,
            DocumentStarts = group.HasDocuments ? group.DocumentStarts.AsMemory() : default,
        };
    }
}
