using ActorRing.Compute.Sharding;

namespace ActorRing.Compute.Specs.Sharding;

public class StateHashSpec
{
    private const int Block = 16 * StateHash.StripeBytes;

    public static TheoryData<int> Lengths => [.. Enumerable.Range(0, 130), Block - 1, Block, Block + 1, (3 * Block) + 77, 100_003];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Hash_must_be_that_of_the_plain_reference_however_the_bytes_are_cut(int length)
    {
        var bytes = Bytes(length);
        var plain = Of(bytes, isPlain: true);
        Assert.Equal(plain, Of(bytes));
        var random = new Random(length);
        for (var time = 0; time < 5; time++)
        {
            var hash = new StateHash();
            for (var at = 0; at < length;)
            {
                var count = Math.Min(random.Next(1, 200), length - at);
                hash.Append(bytes.AsSpan(at, count));
                at += count;
            }

            Assert.Equal(plain, Result(hash));
            hash.Append(bytes);
            Assert.Equal(plain, Result(hash)); // begun anew
        }
    }

    [Fact]
    public void Hash_must_be_what_it_has_always_been() => Assert.Equal("4b30a43c11669f315e928346072ee64f98590adf625ef7f2f5ca9f76fd78d9ad", Convert.ToHexStringLower(Of(Bytes(5_000))));

    [Fact]
    public void Hash_must_differ_when_any_bit_is_another_one()
    {
        var bytes = Bytes(Block + 150);
        HashSet<string> seen = [Convert.ToHexString(Of(bytes))];
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(seen.Add(Convert.ToHexString(Of(bytes))), $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(StateHash.StripeBytes)]
    [InlineData(Block)]
    public void Hash_must_differ_when_two_pieces_are_exchanged(int piece)
    {
        var bytes = Bytes(6 * Block);
        var random = new Random(piece);
        for (var time = 0; time < 300; time++)
        {
            var (one, other) = (random.Next(bytes.Length / piece), random.Next(bytes.Length / piece));
            var exchanged = bytes.ToArray();
            bytes.AsSpan(one * piece, piece).CopyTo(exchanged.AsSpan(other * piece));
            bytes.AsSpan(other * piece, piece).CopyTo(exchanged.AsSpan(one * piece));
            Assert.Equal(one == other, Of(exchanged).AsSpan().SequenceEqual(Of(bytes)));
        }
    }

    [Fact]
    public void Hash_must_differ_when_zeros_are_added_at_the_end()
    {
        HashSet<string> seen = [];
        for (var length = 0; length < 3 * StateHash.StripeBytes; length++)
        {
            Assert.True(seen.Add(Convert.ToHexString(Of(new byte[length]))), $"{length} zeros");
        }
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(7).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Of(ReadOnlySpan<byte> bytes, bool isPlain = false)
    {
        var hash = new StateHash(isPlain);
        hash.Append(bytes);
        return Result(hash);
    }

    private static byte[] Result(StateHash hash)
    {
        var result = new byte[StateHash.ResultBytes];
        hash.GetAndBegin(result);
        return result;
    }
}
