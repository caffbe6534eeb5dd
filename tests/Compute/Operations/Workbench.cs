using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>A device with the test tensors made on it; disposing frees all of them.</summary>
internal sealed class Workbench(string deviceName) : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    internal ComputeDevice Device { get; } = TestDevices.Open(deviceName);

    internal TestTensor Put(double[] values, ElementType type, params long[] shape) => Put(values, type, Layout.Packed, shape);

    internal TestTensor Put(double[] values, ElementType type, Layout layout, params long[] shape) => Own(new TestTensor(Device, type, layout, values, shape));

    /// <summary>A tensor for a result: poison until it is written.</summary>
    internal TestTensor Empty(ElementType type, params long[] shape) => Empty(type, Layout.Packed, shape);

    internal TestTensor Empty(ElementType type, Layout layout, params long[] shape) => Own(new TestTensor(Device, type, layout, null, shape));

    internal TestTensor Zeros(ElementType type, Layout layout, params long[] shape) =>
        Put(new double[shape.Aggregate(1L, (product, size) => product * size)], type, layout, shape);

    internal Tensor PutIds(int[] ids)
    {
        var buffer = Own(Device.CreateBuffer(ids.Length * sizeof(int)));
        var tensor = Tensor.Of(buffer, 0, ElementType.Int32, ids.Length);
        Device.Write<int>(ids, tensor);
        return tensor;
    }

    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        Device.Dispose();
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
