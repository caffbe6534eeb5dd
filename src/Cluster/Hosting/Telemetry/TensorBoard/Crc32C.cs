using System.Buffers.Binary;
using System.Numerics;

namespace ActorRing.Cluster.Hosting.Telemetry.TensorBoard;

/// <summary>CRC-32C (Castagnoli) and the mask that TFRecord files put over it.</summary>
internal static class Crc32C
{
    internal static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }

    // A checksum of data that holds checksums is weak; the mask makes it another number.
    internal static uint Masked(ReadOnlySpan<byte> bytes) => BitOperations.RotateRight(Of(bytes), 15) + 0xa282ead8;
}
