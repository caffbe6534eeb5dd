using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Model.Rope;

namespace ActorRing.Compute.Specs.Model.Rope;

public sealed class RopeFrequenciesSpec
{
    // theta 10000 and H 8 make the plain frequencies 1, 0.1, 0.01, 0.001, so the rest can be worked out on paper.
    private static readonly DefaultRope Plain = new(10_000);

    [Fact]
    public void Default_must_be_powers_of_theta_when_nothing_is_scaled() => AssertFrequencies([1, 0.1, 0.01, 0.001], 1, Plain, 8, 100, 100);

    [Fact]
    public void Linear_must_divide_all_alike_when_a_factor_is_given() =>
        AssertFrequencies([0.25, 0.025, 0.0025, 0.00025], 1, new LinearRope(10_000, 4), 8, 100, 100);

    [Fact]
    public void Dynamic_must_grow_the_base_only_when_the_sequence_is_longer_than_pretrained()
    {
        // H 4: exponent H/(H-2) = 2. M 8, S 16, factor 2: 2*16/8 - 1 = 3, so theta' = 10000 * 3^2 and f_1 = 1/sqrt(90000) = 1/300.
        var rope = new DynamicRope(10_000, 2);

        AssertFrequencies([1, 1.0 / 300], 1, rope, 4, 8, 16);
        AssertFrequencies([1, 0.01], 1, rope, 4, 8, 8);
        AssertFrequencies([1, 0.01], 1, rope, 4, 8, 1);
    }

    [Fact]
    public void Llama3_must_keep_mix_and_divide_when_waves_get_longer()
    {
        // M 8192: the waves turn 1303.8, 130.38, 13.038 and 1.3038 times; the last lies between 1 and 4: s = 0.3038/3 = 0.101266, f = 0.001 (0.898734/8 +
        // 0.101266).
        AssertFrequencies([1, 0.1, 0.01, 0.0002136075440275686], 1, new Llama3Rope(10_000, 8, 1, 4, 8192), 8, 131_072, 1);
        // theta 1e8: turns 1303.8, 13.038, 0.13038, 0.0013; the last two are below 1 and divided.
        AssertFrequencies([1, 0.01, 1e-4 / 8, 1e-6 / 8], 1, new Llama3Rope(1e8, 8, 1, 4, 8192), 8, 131_072, 1);
    }

    [Fact]
    public void Yarn_must_ramp_between_whole_indices_when_it_truncates()
    {
        // M 8192: d(32) = 8 ln(40.744) / (2 ln 10000) = 1.610 -> 1, d(1) = 3.115 -> 4; r = 0, 0, 1/3, 2/3; with factor 4 the last two keep 3/4 and 1/2.
        // Attention 0.1 ln 4 + 1.
        AssertFrequencies([1, 0.1, 0.0075, 0.0005], 1.138629436111989, new YarnRope(10_000, 4) { OriginalMaxPositionEmbeddings = 8192 }, 8, 32_768, 1);
        // Factor null: 32768 / 8192 = 4 again. No original length: M is max_position_embeddings.
        AssertFrequencies([1, 0.1, 0.0075, 0.0005], 1.138629436111989, new YarnRope(10_000, null) { OriginalMaxPositionEmbeddings = 8192 }, 8, 32_768, 1);
        AssertFrequencies([1, 0.1, 0.0075, 0.0005], 1.138629436111989, new YarnRope(10_000, 4), 8, 8192, 1);
    }

    [Fact]
    public void Yarn_must_ramp_between_exact_ends_when_it_does_not_truncate() =>
        // r_2 = (2 - 1.610060) / (3.115210 - 1.610060), r_3 = (3 - 1.610060) / 1.505150; with 50 digits elsewhere.
        AssertFrequencies(
            [1, 0.1, 0.008056971521129434, 0.0003074079378798391], 1.138629436111989,
            new YarnRope(10_000, 4) { OriginalMaxPositionEmbeddings = 8192, Truncate = false }, 8, 32_768, 1);

    [Fact]
    public void Yarn_must_not_divide_by_zero_when_the_ramp_has_no_width() =>
        // M 6: both ends lie below 0: low = 0, high = ceil(-0.02) = 0, and everything behind index 0 is stretched.
        AssertFrequencies([1, 0.025, 0.0025, 0.00025], 1.138629436111989, new YarnRope(10_000, 4), 8, 6, 1);

    [Theory]
    // (0.2 ln 4 + 1) / (0.1 ln 4 + 1); 0 and null switch the pair off; a given factor wins; factor 1 scales nothing.
    [InlineData(4, 2.0, 1.0, null, 1.121751143713058)]
    [InlineData(4, 2.0, 0.0, null, 1.138629436111989)]
    [InlineData(4, null, 1.0, null, 1.138629436111989)]
    [InlineData(4, 2.0, 1.0, 0.5, 0.5)]
    [InlineData(1, 2.0, 1.0, null, 1.0)]
    [InlineData(1, null, null, null, 1.0)]
    public void Yarn_must_scale_cos_and_sin_like_this_when_mscale_is_given(double factor, double? mscale, double? mscaleAllDim, double? attentionFactor,
        double expected)
    {
        var rope = new YarnRope(10_000, factor) { MScale = mscale, MScaleAllDim = mscaleAllDim, AttentionFactor = attentionFactor };

        Assert.Equal(expected, RopeFrequencies.Of(Config(rope, 8, 8192), 1).AttentionFactor, 14);
    }

    [Fact]
    public void Longrope_must_choose_its_divisors_when_the_sequence_passes_the_pretrained_length()
    {
        // sqrt(1 + ln 4 / ln 4096) = sqrt(1 + 2/12).
        var rope = new LongRope(10_000, [1, 2, 4, 5], [2, 4, 8, 10]) { OriginalMaxPositionEmbeddings = 4096 };

        AssertFrequencies([1, 0.05, 0.0025, 0.0002], 1.0801234497346435, rope, 8, 16_384, 4096);
        AssertFrequencies([0.5, 0.025, 0.00125, 0.0001], 1.0801234497346435, rope, 8, 16_384, 4097);
        AssertFrequencies([1, 0.05, 0.0025, 0.0002], 1.25, rope with { AttentionFactor = 1.25 }, 8, 16_384, 1);
        AssertFrequencies([1, 0.05, 0.0025, 0.0002], 1, rope with { Factor = 1 }, 8, 16_384, 1);
        AssertFrequencies([1, 0.05, 0.0025, 0.0002], 1, rope with { OriginalMaxPositionEmbeddings = null }, 8, 16_384, 16_384);
    }

    [Theory]
    // Llama 3.1 8B: theta 500000, H 128. Computed with 50 decimal digits from the wave lengths, as the reference model does, not from the turns.
    [InlineData(0, 1.0)]
    [InlineData(1, 0.8146172338565447)]
    [InlineData(28, 0.003211445994752591)]
    [InlineData(29, 0.0021665707635033587)]
    [InlineData(30, 0.0013718935677611381)]
    [InlineData(34, 0.0001785078127679964)]
    [InlineData(35, 9.556212353964683e-05)]
    [InlineData(63, 3.068925988914511e-07)]
    public void Llama3_must_match_fifty_digits_when_it_is_the_8b_model(int index, double expected) =>
        AssertClose(expected, RopeFrequencies.Of(Config(new Llama3Rope(500_000, 8, 1, 4, 8192), 128, 131_072), 1).InverseFrequencies[index]);

    [Theory]
    // theta 10000, H 128, factor 16, M 4096: ramp from 20 to 46.
    [InlineData(0, 1.0)]
    [InlineData(20, 0.05623413251903491)]
    [InlineData(21, 0.046940859997959404)]
    [InlineData(33, 0.004600435467850347)]
    [InlineData(46, 8.334508951020775e-05)]
    [InlineData(63, 7.217387404309114e-06)]
    public void Yarn_must_match_fifty_digits_when_the_head_is_128(int index, double expected) =>
        AssertClose(expected, RopeFrequencies.Of(Config(new YarnRope(10_000, 16) { OriginalMaxPositionEmbeddings = 4096 }, 128, 65_536),
            1).InverseFrequencies[index]);

    [Theory]
    // theta 10000, H 128, factor 4, M 2048, S 16384.
    [InlineData(1, 0.8208944763115896)]
    [InlineData(32, 0.0018079843535481342)]
    [InlineData(63, 3.9820068437567525e-06)]
    public void Dynamic_must_match_fifty_digits_when_the_head_is_128(int index, double expected) =>
        AssertClose(expected, RopeFrequencies.Of(Config(new DynamicRope(10_000, 4), 128, 2048), 16_384).InverseFrequencies[index]);

    [Fact]
    public void Frequencies_must_follow_the_config_when_it_changes()
    {
        var config = Config(new DynamicRope(10_000, 2), 4, 8);

        AssertClose(1.0 / 300, RopeFrequencies.Of(config, 16).InverseFrequencies[1]);
        AssertClose(0.01, RopeFrequencies.Of(config.WithMaxPositionEmbeddings(16), 16).InverseFrequencies[1]);
        AssertClose(0.001, RopeFrequencies.Of(config.WithRopeTheta(1e6), 8).InverseFrequencies[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => RopeFrequencies.Of(config, 0));
    }

    private static void AssertFrequencies(double[] expected, double attentionFactor, RopeParameters rope, int headDim, int maxPositions, long sequenceLength)
    {
        var frequencies = RopeFrequencies.Of(Config(rope, headDim, maxPositions), sequenceLength);

        Assert.Equal(expected.Length, frequencies.InverseFrequencies.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            AssertClose(expected[i], frequencies.InverseFrequencies[i]);
        }
        AssertClose(attentionFactor, frequencies.AttentionFactor);
    }

    // A few roundings of double arithmetic.
    private static void AssertClose(double expected, double actual) => Assert.InRange(actual, expected * (1 - 1e-13), expected * (1 + 1e-13));

    private static LlamaConfig Config(RopeParameters rope, int headDim, int maxPositions)
    {
        var config = new LlamaConfig
        {
            Family = ModelFamily.Llama, VocabSize = 10, HiddenSize = 6, IntermediateSize = 5, NumHiddenLayers = 1, NumAttentionHeads = 2,
            NumKeyValueHeads = 1, HeadDim = headDim,
            MaxPositionEmbeddings = maxPositions, Rope = rope,
        };
        config.Validate("config");
        return config;
    }
}
