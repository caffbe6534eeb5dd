using System.Numerics;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Model.Rope;

namespace ActorRing.Compute.Specs.Model.Rope;

public sealed class RotaryTableSpec
{
    // Half a unit in the last place of a float32 just below 1, and the rounding of an angle of 1,000,000 in double.
    private const double Tolerance = 2.99e-8 + 1.3e-10;
    private const int FractionBits = 256;

    private static readonly long[] Positions = [0, 1, 2, 3, 511, 4095, 4096, 65_537, 131_071, 524_287, 999_983, 1_000_000];
    private static readonly BigInteger TwoPi =
        (BigInteger.Parse("6283185307179586476925286766559005768394338798750211641949889184615632812572417997256069650684234135",
            System.Globalization.CultureInfo.InvariantCulture)
            << FractionBits) / BigInteger.Pow(10, 99);

    public static TheoryData<RopeParameters, int> Ropes => new()
    {
        { new DefaultRope(10_000), 2 },
        { new DefaultRope(500_000), 128 },
        { new LinearRope(10_000, 8), 6 },
        { new DynamicRope(10_000, 4), 64 },
        { new Llama3Rope(500_000, 8, 1, 4, 8192), 128 },
        { new YarnRope(10_000, 16) { OriginalMaxPositionEmbeddings = 4096 }, 96 },
        { new LongRope(10_000, [1, 1.1, 1.3], [2, 3, 40]) { OriginalMaxPositionEmbeddings = 4096 }, 6 },
    };

    [Theory]
    [MemberData(nameof(Ropes))]
    public void Table_must_be_exact_to_the_last_float_bit_when_positions_reach_a_million(RopeParameters rope, int headDim)
    {
        var frequencies = Frequencies(rope, headDim);
        var width = headDim / 2;
        var (cos, sin) = (new float[Positions.Length * width], new float[Positions.Length * width]);

        RotaryTable.Fill(frequencies, Positions, cos, sin);

        for (var t = 0; t < Positions.Length; t++)
        {
            for (var i = 0; i < width; i++)
            {
                var angle = Reduced(Positions[t], frequencies.InverseFrequencies[i]);
                AssertClose(Math.Cos(angle) * frequencies.AttentionFactor, cos[t * width + i], frequencies.AttentionFactor);
                AssertClose(Math.Sin(angle) * frequencies.AttentionFactor, sin[t * width + i], frequencies.AttentionFactor);
            }
        }
    }

    [Fact]
    public void Comparison_must_notice_when_angles_are_computed_in_float32()
    {
        var frequency = Frequencies(new DefaultRope(500_000), 128).InverseFrequencies[1];

        var angle = (float)frequency * 999_983f;

        Assert.True(Math.Abs(Math.Cos(Reduced(999_983, frequency)) - MathF.Cos(angle)) > 1000 * Tolerance);
    }

    [Fact]
    public void Rows_must_not_depend_on_their_neighbours_when_positions_are_given_in_any_order()
    {
        var frequencies = Frequencies(new Llama3Rope(500_000, 8, 1, 4, 8192), 6);
        var (cos, sin) = (new float[5 * 3], new float[5 * 3]);
        RotaryTable.Fill(frequencies, 7, 5, cos, sin);
        var (zigzagCos, zigzagSin) = (new float[4 * 3], new float[4 * 3]);

        RotaryTable.Fill(frequencies, [11, 7, 7, 9], zigzagCos, zigzagSin);

        int[] rows = [4, 0, 0, 2];
        Assert.Equal(rows.SelectMany(row => cos[(row * 3)..(row * 3 + 3)]), zigzagCos);
        Assert.Equal(rows.SelectMany(row => sin[(row * 3)..(row * 3 + 3)]), zigzagSin);
    }

    [Fact]
    public void Table_must_be_refused_when_its_length_or_a_position_is_wrong()
    {
        var frequencies = Frequencies(new DefaultRope(10_000), 4);

        Assert.Throws<ArgumentException>(() => RotaryTable.Fill(frequencies, 0, 3, new float[5], new float[6]));
        Assert.Throws<ArgumentException>(() => RotaryTable.Fill(frequencies, [0, 1], new float[4], new float[6]));
        Assert.Throws<ArgumentOutOfRangeException>(() => RotaryTable.Fill(frequencies, [-1], new float[2], new float[2]));
        RotaryTable.Fill(frequencies, [], [], []);
    }

    private static void AssertClose(double expected, float actual, double attentionFactor) =>
        // A factor up to 2 may double the unit in the last place.
        Assert.InRange(actual, expected - Tolerance * (attentionFactor > 1 ? 2 : 1), expected + Tolerance * (attentionFactor > 1 ? 2 : 1));

    // position * frequency - 2 pi k without any rounding: a double is an integer times a power of two.
    private static double Reduced(long position, double frequency)
    {
        var bits = BitConverter.DoubleToInt64Bits(frequency);
        var exponent = (int)(bits >> 52) - 1075;
        var mantissa = (bits & ((1L << 52) - 1)) | (1L << 52);
        var angle = (new BigInteger(mantissa) * position << FractionBits) >> -exponent;
        return (double)(angle % TwoPi >> FractionBits - 80) / Math.Pow(2, 80);
    }

    private static RopeFrequencies Frequencies(RopeParameters rope, int headDim) => RopeFrequencies.Of(
        new LlamaConfig
        {
            Family = ModelFamily.Llama, VocabSize = 10, HiddenSize = 6, IntermediateSize = 5, NumHiddenLayers = 1, NumAttentionHeads = 2,
            NumKeyValueHeads = 1, HeadDim = headDim,
            MaxPositionEmbeddings = 4096, Rope = rope,
        },
        1_000_001);
}
