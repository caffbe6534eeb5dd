using ActorRing.Native;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>What a message holds of each row: heads of H numbers, or one number for each head.</summary>
/// <param name="Type">Element type on the wire.</param>
/// <param name="Heads">Heads of a row.</param>
/// <param name="HeadSize">H; 0 for a statistic, one number for each head.</param>
internal readonly record struct Field(ElementType Type, int Heads, int HeadSize)
{
    /// <summary>Bytes of one row.</summary>
    internal long RowBytes => (long)Heads * Math.Max(HeadSize, 1) * Type.ByteCount();

    /// <summary>Heads of H numbers.</summary>
    internal static Field OfHeads(ElementType type, int heads, int headSize) => new(type, heads, headSize);

    /// <summary>lse, delta, row_max, row_sum: always float32.</summary>
    internal static Field OfStatistic(int heads) => new(ElementType.Float32, heads, 0);
}
