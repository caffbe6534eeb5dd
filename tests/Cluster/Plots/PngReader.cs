using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace ActorRing.Cluster.Specs.Plots;

/// <summary>Reads PNG files by the text of the standard, checking every length and checksum; knows nothing of the writer.</summary>
internal sealed record PngReader(int Width, int Height, byte[] Pixels, int DotsPerMetre)
{
    internal static PngReader Read(byte[] file)
    {
        Assert.Equal<byte>([137, 80, 78, 71, 13, 10, 26, 10], file[..8]);
        var (width, height, dots) = (0, 0, 0);
        using var data = new MemoryStream();
        var types = new List<string>();
        for (var at = 8; at < file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            var type = Encoding.ASCII.GetString(file, at + 4, 4);
            var body = file.AsSpan(at + 8, length);
            Assert.Equal(Crc(file.AsSpan(at + 4, 4 + length)), BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 8 + length)));
            types.Add(type);
            switch (type)
            {
                case "IHDR":
                    (width, height) = (BinaryPrimitives.ReadInt32BigEndian(body), BinaryPrimitives.ReadInt32BigEndian(body[4..]));
                    Assert.Equal<byte>([8, 2, 0, 0, 0], body[8..].ToArray());
                    break;
                case "pHYs":
                    dots = BinaryPrimitives.ReadInt32BigEndian(body);
                    break;
                case "IDAT":
                    data.Write(body);
                    break;
                default:
                    Assert.Equal("IEND", type);
                    break;
            }

            at += 12 + length;
        }

        Assert.Equal(("IHDR", "IEND"), (types[0], types[^1]));
        data.Position = 0;
        using var zlib = new ZLibStream(data, CompressionMode.Decompress);
        using var raw = new MemoryStream();
        zlib.CopyTo(raw);
        return new PngReader(width, height, Unfiltered(raw.ToArray(), width * 3, height), dots);
    }

    internal string At(int x, int y) => Convert.ToHexStringLower(Pixels.AsSpan(((y * Width) + x) * 3, 3));

    /// <summary>Dark pixels as #, half dark as +, light as a dot; for a picture of grey levels.</summary>
    internal string[] Art() => [.. Enumerable.Range(0, Height).Select(y => string.Concat(Enumerable.Range(0, Width).Select(x => Letter(Pixels[((y * Width) + x) * 3]))))];

    private static char Letter(byte grey) => grey switch { < 85 => '#', < 190 => '+', _ => '.' };

    private static byte[] Unfiltered(byte[] raw, int stride, int height)
    {
        Assert.Equal((stride + 1) * height, raw.Length);
        var pixels = new byte[stride * height];
        for (var y = 0; y < height; y++)
        {
            var filter = raw[y * (stride + 1)];
            for (var x = 0; x < stride; x++)
            {
                int left = x >= 3 ? pixels[(y * stride) + x - 3] : 0;
                int above = y > 0 ? pixels[((y - 1) * stride) + x] : 0;
                var predicted = filter switch { 0 => 0, 1 => left, 2 => above, 3 => (left + above) / 2, _ => throw new InvalidDataException($"filter {filter}") };
                pixels[(y * stride) + x] = (byte)(raw[(y * (stride + 1)) + 1 + x] + predicted);
            }
        }

        return pixels;
    }

    // Bit by bit, as the standard defines it.
    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var isSet = ((crc ^ (uint)(b >> bit)) & 1) != 0;
                crc = (crc >> 1) ^ (isSet ? 0xEDB88320 : 0);
            }
        }

        return ~crc;
    }
}
