using System.Text;
using ActorRing.Compute.Checkpoints.Safetensors;

namespace ActorRing.Compute.Specs.Checkpoints;

public sealed class SafetensorsHeaderFuzzSpec
{
    private const int Cases = 1_000_000;
    private const int DataBytes = 64;

    private static readonly string[] Seeds =
    [
        """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]},"b":{"dtype":"BF16","shape":[16],"data_offsets":[32,64]}}""",
        """{"model.layers.0.self_attn.q_proj.weight":{"dtype":"F64","shape":[1,2,4],"data_offsets":[0,64]}}        """,
        """{"e":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"s":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]},"""
            + """ "r":{"dtype":"I8","shape":[63],"data_offsets":[1,64]}}""",
        """{"\u00e9\ud83d\ude00":{"data_offsets":[0,64],"shape":[64],"dtype":"U8"},"__metadata__":{"a":"\"\\\n","b":""}}""",
    ];

    private static readonly string[] Splices =
    [
        "9223372036854775807", "-1", "1e309", "4294967296", "[[[[", "{\"a\":", "\"\\ud800\"", "null", "\"a\":", "__metadata__", "\\u0000", "]", "}", ",",
        "\u00e9", "   ",
    ];

    [Fact]
    public void Header_must_neither_crash_nor_allocate_much_when_it_is_mutated_a_million_times()
    {
        var random = new Random(20260724);
        var seeds = Seeds.Select(Encoding.UTF8.GetBytes).ToArray();
        var splices = Splices.Select(Encoding.UTF8.GetBytes).ToArray();
        var buffer = new byte[1024];
        var (accepted, refused) = (0, 0);

        // The first parses of every kind pay for the runtime's own set-up.
        for (var i = -10_000; i < Cases; i++)
        {
            var length = Mutate(random, seeds, splices, buffer);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var valid = Parses(buffer.AsSpan(0, length));
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (i >= 0)
            {
                Assert.True(allocated <= 65_536 + 16 * length, $"case {i}: {allocated} bytes for {Encoding.UTF8.GetString(buffer, 0, length)}");
                (accepted, refused) = valid ? (accepted + 1, refused) : (accepted, refused + 1);
            }
        }

        // Both must happen often, else the mutations test one path only.
        Assert.InRange(accepted, Cases / 100, Cases);
        Assert.InRange(refused, Cases / 2, Cases);
    }

    [Fact]
    public void Header_must_allocate_at_most_its_share_when_it_is_dense_and_wrong_at_the_end()
    {
        // The smallest spelling of a tensor, as often as allowed; the last one leaves a hole.
        var json = new StringBuilder("{");
        for (var i = 0; i < 99_999; i++)
        {
            json.Append(System.Globalization.CultureInfo.InvariantCulture, $"\"{i:x}\":{{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[{i},{i + 1}]}},");
        }
        var bytes = Encoding.UTF8.GetBytes(json.Append("\"z\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[100000,100001]}}").ToString());
        Parses("{}"u8);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var thrown = Assert.Throws<InvalidDataException>(() => SafetensorsHeaderReader.Parse(bytes, 100_001, "w"));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal("w: tensor 'z': begins at 100000; must begin at 99999, where the one before it ends", thrown.Message);
        Assert.InRange(allocated, 0, 65_536 + 16L * bytes.Length);
    }

    private static bool Parses(ReadOnlySpan<byte> json)
    {
        SafetensorsHeader header;
        try
        {
            header = SafetensorsHeaderReader.Parse(json, DataBytes, "w");
        }
        catch (InvalidDataException)
        {
            return false;
        }
        // What is accepted must cover the data exactly, whatever the text looked like.
        long end = 0;
        foreach (var entry in header.Entries)
        {
            if (entry.Begin != end || entry.ByteCount < 0)
            {
                throw new InvalidOperationException($"accepted {Encoding.UTF8.GetString(json)}");
            }
            end = entry.End;
        }
        return end == DataBytes ? true : throw new InvalidOperationException($"accepted {Encoding.UTF8.GetString(json)}");
    }

    private static int Mutate(Random random, byte[][] seeds, byte[][] splices, byte[] buffer)
    {
        var seed = seeds[random.Next(seeds.Length)];
        seed.CopyTo(buffer, 0);
        var length = seed.Length;
        for (var count = random.Next(1, 5); count > 0 && length > 0; count--)
        {
            var at = random.Next(length);
            switch (random.Next(6))
            {
                case 0:
                    buffer[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    buffer[at] = (byte)random.Next(256);
                    break;
                case 2:
                    var cut = Math.Min(random.Next(1, 20), length - at);
                    buffer.AsSpan(at + cut, length - at - cut).CopyTo(buffer.AsSpan(at));
                    length -= cut;
                    break;
                case 3:
                    length = Insert(buffer, length, at, splices[random.Next(splices.Length)]);
                    break;
                case 4:
                    var from = random.Next(length);
                    length = Insert(buffer, length, at, buffer.AsSpan(from, Math.Min(length - from, random.Next(1, 60))).ToArray());
                    break;
                default:
                    length = random.Next(8) == 0 ? at : Insert(buffer, length, length, "  "u8);
                    break;
            }
        }
        return length;
    }

    private static int Insert(byte[] buffer, int length, int at, ReadOnlySpan<byte> bytes)
    {
        buffer.AsSpan(at, length - at).CopyTo(buffer.AsSpan(at + bytes.Length));
        bytes.CopyTo(buffer.AsSpan(at));
        return length + bytes.Length;
    }
}
