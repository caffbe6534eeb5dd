namespace ActorRing.Native.Specs;

/// <summary>The managed owners of handles.</summary>
public class LifetimeSpec
{
    [Fact]
    public void Device_must_refuse_calls_when_disposed()
    {
        var device = NativeBackend.LoadCpu().Open(1);
        using var buffer = device.CreateBuffer(64);
        var x = Tensor.Of(buffer, 0, ElementType.Float32, 16);
        device.Dispose();
        device.Dispose();
        Assert.Throws<ObjectDisposedException>(() => device.Fill(1, x));
        Assert.Throws<ObjectDisposedException>(device.Noop);
        Assert.Throws<ObjectDisposedException>(() => device.Info);
        Assert.Throws<ObjectDisposedException>(() => device.CreateBuffer(64));
        Assert.Throws<ObjectDisposedException>(() => device.Write<float>(new float[16], x));
    }

    [Fact]
    public void Buffer_must_refuse_its_address_when_disposed()
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        var buffer = device.CreateBuffer(64);
        var x = Tensor.Of(buffer, 0, ElementType.Float32, 16);
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.HostAddress);
        Assert.Throws<ObjectDisposedException>(() => x.HostSpan<float>().Length);
        Assert.Throws<ObjectDisposedException>(() => Tensor.Of(buffer, 0, ElementType.Float32, 16));
        Assert.Throws<ObjectDisposedException>(() => device.Read(x, new float[16].AsSpan()));
    }

    [Fact]
    public void Buffer_must_outlive_its_device()
    {
        var device = NativeBackend.LoadCpu().Open(1);
        using var buffer = device.CreateBuffer(64);
        var x = Tensor.Of(buffer, 0, ElementType.Float32, 16);
        device.Fill(7, x);
        device.Dispose();
        using var another = NativeBackend.LoadCpu().Open(1);
        var values = new float[16];
        another.Read(x, values.AsSpan());
        Assert.All(values, value => Assert.Equal(7, value));
    }

    [Fact]
    public void Device_must_throw_what_a_reader_of_dotnet_expects()
    {
        var backend = NativeBackend.LoadCpu();
        using var device = backend.Open(1);
        Assert.Throws<ArgumentException>(() => device.CreateBuffer(0));
        Assert.Throws<InsufficientMemoryException>(() => device.CreateBuffer(long.MaxValue));
        Assert.Throws<NotSupportedException>(() => backend.Open(1, InstructionSet.Auto, default, cudaIndex: 0));
        Assert.Throws<ArgumentException>(() => backend.Open(2, InstructionSet.Auto, [0]));
    }

    [Fact]
    public void Device_must_say_what_it_is()
    {
        using var device = NativeBackend.LoadCpu().Open(3, InstructionSet.Portable);
        using var buffer = device.CreateBuffer(100);
        Assert.Equal(new DeviceInfo("portable, 3 threads", InstructionSet.Portable, 3, 100, 0), device.Info);
        Assert.Equal("cpu", device.BackendName);
    }

    [Fact]
    public void Device_must_choose_an_instruction_set_when_none_is_asked_for()
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        Assert.NotEqual(InstructionSet.Auto, device.Info.InstructionSet);
    }

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.BFloat16)]
    public void Device_must_measure_a_rate_that_makes_sense(ElementType type)
    {
        using var device = NativeBackend.LoadCpu().Open(2);
        // A tenth of a GFLOP/s to a hundred TFLOP/s: wrong by a unit, not by a slow machine.
        Assert.InRange(device.MeasurePeak(type, seconds: 0.02), 0.1, 100_000);
    }
}
