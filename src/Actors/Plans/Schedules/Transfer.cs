using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>One message of a schedule: who sends what to whom, and when.</summary>
public sealed class Transfer
{
    /// <summary>Forward or backward.</summary>
    public required SchedulePass Pass { get; init; }

    /// <summary>What it carries of each row.</summary>
    public required Payload Payload { get; init; }

    /// <summary>The sender's step: the transfer may leave as soon as this step begins (see <see cref="RankStep.Departures"/>) or when its calls are done
    /// (<see cref="RankStep.Results"/>).</summary>
    public required RingStep SendStep { get; init; }

    /// <summary>The receiver's step that needs it.</summary>
    public required RingStep Step { get; init; }

    /// <summary>Who sends.</summary>
    public required SequenceRank From { get; init; }

    /// <summary>Who receives; never the sender.</summary>
    public required SequenceRank To { get; init; }

    /// <summary>The block that the rows belong to.</summary>
    public required RingRank Origin { get; init; }

    /// <summary>Rows of that block; never empty.</summary>
    public required RowSet Rows { get; init; }

    /// <summary>Query heads that it carries, none where the payload has none.</summary>
    public required HeadSpan QueryHeads { get; init; }

    /// <summary>KV heads that it carries, none where the payload has none.</summary>
    public required HeadSpan KeyHeads { get; init; }

    /// <summary>Bytes on the wire, without any framing.</summary>
    public required long Bytes { get; init; }

    /// <summary>All of it in one line; two transfers are the same iff their lines are.</summary>
    public override string ToString() => Invariant.Text(
        $"{Pass} step {SendStep.Index}>{Step.Index} {Payload} {From.Index}>{To.Index} block {Origin.Index} rows [{Rows}] q {QueryHeads.First}+{QueryHeads.Count} kv {KeyHeads.First}+{KeyHeads.Count} {Bytes} bytes");
}
