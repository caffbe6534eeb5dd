using System.Runtime.CompilerServices;

namespace ActorRing.Native.Specs;

/// <summary>What a step costs in memory once it has run before: nothing, managed or native.</summary>
public class SteadyStateSpec
{
    private const int Rows = 130;

    [Theory]
    [InlineData(1, ElementType.Float32)]
    [InlineData(2, ElementType.Float32)]
    [InlineData(3, ElementType.BFloat16)]
    public void Operations_must_allocate_nothing_when_repeated(int threads, ElementType type)
    {
        using var device = NativeBackend.LoadCpu().Open(threads);
        using var buffer = device.CreateBuffer(16 << 20);
        var step = new Step(device, buffer, type);
        step.Run();
        var scratchBytes = device.Info.ScratchBytes;
        step.Run();

        var before = GC.GetAllocatedBytesForCurrentThread();
        step.Run();
        device.Noop();
        device.Synchronize();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Equal(scratchBytes, device.Info.ScratchBytes);
        Assert.Equal(buffer.ByteCount, device.Info.BufferBytes);
    }

    [Theory]
    [InlineData(1, ElementType.Float32)]
    [InlineData(2, ElementType.BFloat16)]
    public void Attention_must_take_the_scratch_that_it_announces(int threads, ElementType type)
    {
        using var device = NativeBackend.LoadCpu().Open(threads);
        using var buffer = device.CreateBuffer(16 << 20);
        var step = new Step(device, buffer, type);
        var announced = step.AttentionScratchBytes();
        step.Attend();
        AssertTaken(announced, device.Info.ScratchBytes);
    }

    [Theory]
    [InlineData(1, ElementType.Float32)]
    [InlineData(2, ElementType.BFloat16)]
    public void LmHead_must_take_the_scratch_that_it_announces(int threads, ElementType type)
    {
        using var device = NativeBackend.LoadCpu().Open(threads);
        using var buffer = device.CreateBuffer(16 << 20);
        var step = new Step(device, buffer, type);
        var announced = step.HeadScratchBytes();
        step.Lose();
        AssertTaken(announced, device.Info.ScratchBytes);
    }

    // A context rounds its scratch up to pages.
    private static void AssertTaken(long announced, long taken) => Assert.InRange(taken, announced, announced + 4095);

    // A small training step's worth of calls; tensors are carved from one buffer, nothing is reused between calls that would mind.
    private sealed class Step
    {
        private readonly ComputeDevice _device;
        private readonly DeviceBuffer _buffer;
        private readonly ElementType _type;
        private readonly AttentionMask _mask = new() { Window = 50, Sink = 2, DocumentStarts = new long[] { 0, 3, 90 },
            Blocks = new BlockList(64, new long[] { 0, 1, 3, 5 }, new long[] { 0, 0, 1, 1, 2 }) };
        private readonly Tensor _x, _w, _y, _dw, _rstd, _norm, _dnorm, _gateUp, _heads, _keys, _values, _gradient, _keyGradient, _valueGradient, _out, _lse,
            _delta, _angles, _ids, _vocabulary, _dvocabulary, _flat, _compute;
        private long _used;

        internal Step(ComputeDevice device, DeviceBuffer buffer, ElementType type)
        {
            (_device, _buffer, _type) = (device, buffer, type);
            _x = Take(type, Rows, 64);
            _y = Take(type, Rows, 64);
            _w = Take(type, 64, 64);
            _dw = Take(ElementType.Float32, 64, 64);
            _rstd = Take(ElementType.Float32, Rows);
            _norm = Take(type, 64);
            _dnorm = Take(ElementType.Float32, 64);
            _gateUp = Take(type, Rows, 128);
            _heads = Take(type, 1, Rows, 2, 32);
            _keys = Take(type, 1, Rows, 1, 32);
            _values = Take(type, 1, Rows, 1, 32);
            _gradient = Take(ElementType.Float32, 1, Rows, 2, 32);
            _keyGradient = Take(ElementType.Float32, 1, Rows, 1, 32);
            _valueGradient = Take(ElementType.Float32, 1, Rows, 1, 32);
            _out = Take(type, 1, Rows, 2, 32);
            _lse = Take(ElementType.Float32, 1, Rows, 2);
            _delta = Take(ElementType.Float32, 1, Rows, 2);
            _angles = Take(ElementType.Float32, Rows, 16);
            _ids = Take(ElementType.Int32, Rows);
            _vocabulary = Take(type, 999, 64);
            _dvocabulary = Take(ElementType.Float32, 999, 64);
            _flat = Take(ElementType.Float32, 5000);
            _compute = Take(ElementType.BFloat16, 1250);
        }

        internal long AttentionScratchBytes() => _device.AttentionScratchBytes(_heads, _keys);

        internal long HeadScratchBytes() => _device.LmHeadScratchBytes(_x, _vocabulary);

        [MethodImpl(MethodImplOptions.NoInlining)]
        internal void Run()
        {
            _device.Fill(0.5, _x);
            _device.Copy(_x, _y);
            _device.Add(0.1, _x, _y);
            _device.SquareSum(_y);
            _device.EmbeddingForward(_ids, _vocabulary, _x);
            _device.EmbeddingBackward(_ids, _x, _dvocabulary);
            _device.LinearForward(_x, _w, default, false, _y);
            _device.LinearBackwardInput(_y, _w, true, _x);
            _device.LinearBackwardWeight(_y, _x, true, _dw, _dnorm);
            _device.RmsNormForward(_x, _norm, 1e-5, _y, _rstd);
            _device.RmsNormBackward(_x, _norm, _rstd, _y, false, _x, _dnorm);
            _device.Rotary(_heads, _angles, _angles, false, _heads);
            _device.SwiGluForward(_gateUp, _y);
            _device.SwiGluBackward(_gateUp, _y, _gateUp, default);
            Attend();
            Lose();
            _device.AdamW(new AdamWUpdate(1e-3, 0.9, 0.95, 1e-8, 0.1, 1, 1), _flat.Slice(0, 0, 1250), _flat.Slice(0, 1250, 1250),
                _flat.Slice(0, 2500, 1250), _flat.Slice(0, 3750, 1250), _compute);
        }

        internal void Attend()
        {
            _device.AttentionForward(_heads, _keys, _values, _mask, 0.2, AttentionPart.Whole, default, _out, _lse);
            _device.AttentionDelta(_out, _out, _delta);
            _device.AttentionBackward(_heads, _keys, _values, _out, _lse, _delta, _mask, 0.2, false, _gradient, _keyGradient, _valueGradient);
        }

        internal void Lose() => _device.LmHeadCrossEntropy(_x, _vocabulary, _ids, 0.1, _y, _dvocabulary, _rstd);

        private Tensor Take(ElementType type, params ReadOnlySpan<long> shape)
        {
            var tensor = Tensor.Of(_buffer, _used, type, shape);
            _used += ((tensor.Count * type.ByteCount()) + 63) / 64 * 64;
            if (type is ElementType.Float32 || (type == _type && type != ElementType.Int32))
            {
                _device.Fill(0.1, tensor);
            }

            return tensor;
        }
    }
}
