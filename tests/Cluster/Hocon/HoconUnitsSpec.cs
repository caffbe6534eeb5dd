using ActorRing.Cluster.Hosting.Hocon;

namespace ActorRing.Cluster.Specs.Hocon;

public sealed class HoconUnitsSpec
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("200", 200)]
    [InlineData("-3", -3)]
    [InlineData("128k", 131072)]
    [InlineData("128K", 131072)]
    [InlineData("128Ki", 131072)]
    [InlineData("1M", 1048576)]
    [InlineData("1.5 Ki", 1536)]
    [InlineData("1e6", 1000000)]
    [InlineData("1.0", 1)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void A_count_must_have_this_value_when_it_is_whole(string text, long count)
    {
        Assert.True(HoconUnits.TryCount(text, out var read));
        Assert.Equal(count, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("k")]
    [InlineData("1.5")]
    [InlineData("0.3k")]
    [InlineData("1 000")]
    [InlineData("1,000")]
    [InlineData("0x10")]
    [InlineData("128kB")]
    [InlineData("9223372036854775808")]
    [InlineData("9000000000G")]
    [InlineData("1e400")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    public void A_count_must_be_refused_when_it_is_not_whole_or_too_large(string text) => Assert.False(HoconUnits.TryCount(text, out _));

    [Theory]
    [InlineData("5", 5)]
    [InlineData("5 B", 5)]
    [InlineData("5bytes", 5)]
    [InlineData("1kB", 1000)]
    [InlineData("1 kilobyte", 1000)]
    [InlineData("1k", 1024)]
    [InlineData("1K", 1024)]
    [InlineData("1Ki", 1024)]
    [InlineData("64MiB", 64L << 20)]
    [InlineData("64m", 64L << 20)]
    [InlineData("1GB", 1000000000)]
    [InlineData("0.1GB", 100000000)]
    [InlineData("1G", 1L << 30)]
    [InlineData("2 tebibytes", 2L << 40)]
    [InlineData("1EiB", 1L << 60)]
    public void A_size_must_have_this_many_bytes_when_its_unit_is_known(string text, long bytes)
    {
        Assert.True(HoconUnits.TrySize(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("1KB")]
    [InlineData("1mb")]
    [InlineData("1 parsec")]
    [InlineData("16EiB")]
    [InlineData("0.5B")]
    public void A_size_must_be_refused_when_its_unit_or_value_is_not_one(string text) => Assert.False(HoconUnits.TrySize(text, out _));

    [Theory]
    [InlineData("5s", 5000)]
    [InlineData("100 ms", 100)]
    [InlineData("100", 100)]
    [InlineData("2m", 120000)]
    [InlineData("1h", 3600000)]
    [InlineData("1 day", 86400000)]
    [InlineData("0.5 seconds", 500)]
    [InlineData("1500us", 1.5)]
    [InlineData("100ns", 0.0001)]
    public void A_duration_must_last_this_long_when_its_unit_is_known(string text, double milliseconds)
    {
        Assert.True(HoconUnits.TryDuration(text, out var read));
        Assert.Equal(milliseconds, read.TotalMilliseconds);
    }

    [Theory]
    [InlineData("5 S")]
    [InlineData("5M")]
    [InlineData("s")]
    [InlineData("1e300d")]
    [InlineData("soon")]
    public void A_duration_must_be_refused_when_its_unit_or_value_is_not_one(string text) => Assert.False(HoconUnits.TryDuration(text, out _));
}
