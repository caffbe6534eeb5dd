using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>Host-side conversion between float64 and what a device stores.</summary>
internal static class Numbers
{
    /// <summary>The values as the element type can hold them, so that reference and device start from the same numbers.</summary>
    internal static double[] Rounded(this double[] values, ElementType type) => Array.ConvertAll(values, value => Decode(Encode(value, type), type));

    /// <summary>Bits of a value, rounded to nearest even.</summary>
    internal static uint Encode(double value, ElementType type)
    {
        var bits = BitConverter.SingleToUInt32Bits((float)value);
        if (type != ElementType.BFloat16)
        {
            return bits;
        }

        return double.IsNaN(value) ? (bits >> 16) | 0x40 : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    }

    internal static double Decode(uint bits, ElementType type) => BitConverter.UInt32BitsToSingle(type == ElementType.BFloat16 ? bits << 16 : bits);
}
