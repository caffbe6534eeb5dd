using ActorRing.Compute.Tensors;
using ActorRing.Native;

namespace ActorRing.Compute.Model;

/// <summary>A model's weights on a device: float32 masters, and the copy that layers compute with (bfloat16, or the masters themselves).</summary>
public sealed class Parameters : IDisposable
{
    private readonly DeviceBuffer _masterBuffer;
    private readonly DeviceBuffer? _computeBuffer;

    /// <summary>Zeroed weights.</summary>
    /// <param name="device">Where they live.</param>
    /// <param name="dims">The model's sizes.</param>
    /// <param name="computeType">Float32 or BFloat16.</param>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public Parameters(ComputeDevice device, ModelDims dims, ElementType computeType)
    {
        ArgumentNullException.ThrowIfNull(device);
        Device = device;
        Layout = new ParameterLayout(dims);
        _masterBuffer = device.CreateBuffer(Layout.Count * ElementType.Float32.ByteCount());
        Master = new ParameterViews(Layout, _masterBuffer, ElementType.Float32);
        Compute = Master;
        if (computeType == ElementType.BFloat16)
        {
            _computeBuffer = device.CreateBuffer(Layout.Count * ElementType.BFloat16.ByteCount());
            Compute = new ParameterViews(Layout, _computeBuffer, ElementType.BFloat16);
        }
    }

    /// <summary>The device they live on.</summary>
    public ComputeDevice Device { get; }

    /// <summary>Where each parameter lies.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>The model's sizes.</summary>
    public ModelDims Dims => Layout.Dims;

    /// <summary>Float32 weights.</summary>
    public ParameterViews Master { get; }

    /// <summary>What layers compute with; the same object as <see cref="Master"/> in float32.</summary>
    public ParameterViews Compute { get; }

    /// <summary>Element type of activations.</summary>
    public ElementType ComputeType => Compute.Flat.Type;

    /// <summary>Bytes of masters and compute copy.</summary>
    public long ByteCount => _masterBuffer.ByteCount + (_computeBuffer?.ByteCount ?? 0);

    /// <summary>Rounds the masters into the compute copy; needed after the masters were written from outside.</summary>
    public void Publish()
    {
        if (_computeBuffer is not null)
        {
            Device.Copy(Master.Flat, Compute.Flat);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _masterBuffer.Dispose();
        _computeBuffer?.Dispose();
    }
}
