namespace ActorRing.Cluster.Hosting.Plots.Png;

/// <summary>CRC-32 of ISO 3309, as PNG's chunks end with. .NET has it only in a package.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(value => Shifted((uint)value))];

    /// <summary>Of both, one after the other.</summary>
    internal static uint Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => ~Continued(Continued(uint.MaxValue, first), second);

    private static uint Continued(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
        {
            crc = Table[(byte)crc ^ b] ^ (crc >> 8);
        }

        return crc;
    }

    private static uint Shifted(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value & 1) != 0 ? 0xEDB88320 ^ (value >> 1) : value >> 1;
        }

        return value;
    }
}
