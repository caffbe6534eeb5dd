namespace ActorRing.Compute.Model;

/// <summary>The upper half of a binary32.</summary>
internal static class BFloat16
{
    /// <summary>Rounds to nearest even; a NaN stays one.</summary>
    internal static ushort FromSingle(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
