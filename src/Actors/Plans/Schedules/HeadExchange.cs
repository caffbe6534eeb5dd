using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

/// <summary>One all-to-all of a rank: to and from every other rank of its head group, in ascending order. What stays on the rank is not a transfer.</summary>
/// <param name="Sends">What leaves: rows of this rank's piece for the heads of the receiver, or rows of the receiver's piece for this rank's heads.</param>
/// <param name="Receives">What arrives.</param>
public sealed record AllToAll(ImmutableArray<Transfer> Sends, ImmutableArray<Transfer> Receives);

/// <summary>A rank's exchanges of tokens for heads (DeepSpeed Ulysses): two around the steps of each pass.</summary>
/// <remarks>
/// Before: all heads of the rank's piece <see cref="Piece"/> of its block. Between: all rows of the block for the rank's heads. Rows in transfers are those
/// of the block.
/// </remarks>
public sealed class HeadExchange
{
    /// <summary>Rows of the block that this rank holds outside the exchanges.</summary>
    public required RowRange Piece { get; init; }

    /// <summary>Query heads of this rank between the exchanges.</summary>
    public required HeadSpan QueryHeads { get; init; }

    /// <summary>KV heads of this rank between the exchanges.</summary>
    public required HeadSpan KeyHeads { get; init; }

    /// <summary>Before the forward steps.</summary>
    public required AllToAll HeadsIn { get; init; }

    /// <summary>After the forward steps.</summary>
    public required AllToAll HeadsOut { get; init; }

    /// <summary>Before the backward steps.</summary>
    public required AllToAll HeadGradientsIn { get; init; }

    /// <summary>After the backward steps.</summary>
    public required AllToAll HeadGradientsOut { get; init; }

    /// <summary>The exchange before the steps of a pass.</summary>
    public AllToAll Before(SchedulePass pass) => pass == SchedulePass.Forward ? HeadsIn : HeadGradientsIn;

    /// <summary>The exchange after the steps of a pass.</summary>
    public AllToAll After(SchedulePass pass) => pass == SchedulePass.Forward ? HeadsOut : HeadGradientsOut;
}
