using System.Buffers.Binary;
using System.IO.Compression;

namespace ActorRing.Cluster.Hosting.Plots.Png;

/// <summary>Writes pixels as PNG: 8 bits of red, green and blue, rows filtered by the row above.</summary>
internal static class PngFile
{
    private const double MetresOfAnInch = 0.0254;
    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="pixels">Red, green, blue, row by row from the top.</param>
    /// <param name="dotsPerInch">Tells a viewer how large the picture is meant to be.</param>
    internal static byte[] Of(int width, int height, ReadOnlySpan<byte> pixels, int dotsPerInch)
    {
        using var file = new MemoryStream();
        file.Write(Signature);

        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8; // bits a channel
        header[9] = 2; // red, green, blue
        Chunk(file, "IHDR"u8, header);

        Span<byte> size = stackalloc byte[9];
        var dotsPerMetre = (int)Math.Round(dotsPerInch / MetresOfAnInch);
        BinaryPrimitives.WriteInt32BigEndian(size, dotsPerMetre);
        BinaryPrimitives.WriteInt32BigEndian(size[4..], dotsPerMetre);
        size[8] = 1; // the unit is the metre
        Chunk(file, "pHYs"u8, size);

        Chunk(file, "IDAT"u8, Compressed(width * 3, height, pixels));
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static byte[] Compressed(int stride, int height, ReadOnlySpan<byte> pixels)
    {
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
        {
            var row = new byte[1 + stride];
            row[0] = 2; // "up": most rows equal the row above, so most bytes are 0
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < stride; x++)
                {
                    row[1 + x] = (byte)(pixels[(y * stride) + x] - (y > 0 ? pixels[((y - 1) * stride) + x] : 0));
                }

                zlib.Write(row);
            }
        }

        return data.ToArray();
    }

    private static void Chunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(type);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(type, data));
        file.Write(number);
    }
}
