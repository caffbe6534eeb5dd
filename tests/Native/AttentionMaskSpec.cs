namespace ActorRing.Native.Specs;

/// <summary>What a mask means before the native side sees it: lists that are absent, empty or too short.</summary>
public sealed class AttentionMaskSpec : IDisposable
{
    private readonly ComputeDevice _device = NativeBackend.LoadCpu().Open(1);
    private readonly DeviceBuffer _buffer;

    public AttentionMaskSpec() => _buffer = _device.CreateBuffer(1 << 16);

    [Fact]
    public void Mask_must_mean_one_document_when_its_starts_are_absent_empty_or_a_conditional_null()
    {
        // `condition ? array : null` is a null long[], which converts to an empty list: there is no third state to confuse it with.
        var packed = _buffer.ByteCount == 0;
        var one = Attend(new AttentionMask { DocumentStarts = new long[] { 0 } });
        Assert.Equal(one, Attend(new AttentionMask()));
        Assert.Equal(one, Attend(new AttentionMask { DocumentStarts = Array.Empty<long>() }));
        Assert.Equal(one, Attend(new AttentionMask { DocumentStarts = packed ? new long[] { 0, 1 } : null }));
        Assert.NotEqual(one, Attend(new AttentionMask { DocumentStarts = new long[] { 0, 1 } }));
    }

    [Fact]
    public void Mask_must_hide_everything_when_its_block_list_has_no_columns()
    {
        var hidden = Attend(new AttentionMask { Blocks = new BlockList(8, new long[] { 0, 0 }, default) });
        Assert.All(hidden, value => Assert.Equal(0f, value));
        Assert.NotEqual(hidden, Attend(new AttentionMask()));
    }

    [Fact]
    public void Mask_must_be_refused_when_its_block_list_has_no_rows()
    {
        var thrown = Assert.Throws<ArgumentException>(() => Attend(new AttentionMask { Blocks = new BlockList(8, default, new long[] { 0 }) }));
        Assert.Contains("no row offsets", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new long[] { 0, 2 }, "row offset 1 of the block list is 2; allowed: 0 to 1")]
    [InlineData(new long[] { 0, 1000000, 1 }, "row offset 1 of the block list is 1000000; allowed: 0 to 1")]
    [InlineData(new long[] { -1, 1 }, "row offset 0 of the block list is -1; allowed: 0 to 1")]
    public void Mask_must_be_refused_when_a_row_of_its_block_list_lies_outside_the_columns(long[] offsets, string complaint)
    {
        var thrown = Assert.Throws<ArgumentException>(() => Attend(new AttentionMask { Blocks = new BlockList(8, offsets, new long[] { 0 }) }));
        Assert.StartsWith(complaint, thrown.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _buffer.Dispose();
        _device.Dispose();
    }

    // Three tokens, one head; values differ from token to token, so that a hidden key changes the result.
    private float[] Attend(AttentionMask mask)
    {
        var x = Tensor.Of(_buffer, 0, ElementType.Float32, 1, 3, 1, 32);
        var output = Tensor.Of(_buffer, 4096, ElementType.Float32, 1, 3, 1, 32);
        var lse = Tensor.Of(_buffer, 8192, ElementType.Float32, 1, 3, 1);
        var result = new float[96];
        _device.Write<float>([.. Enumerable.Range(0, 96).Select(i => i / 96f)], x);
        _device.AttentionForward(x, x, x, mask, 0.2, AttentionPart.Whole, default, output, lse);
        _device.Read<float>(output, result);
        return result;
    }
}
