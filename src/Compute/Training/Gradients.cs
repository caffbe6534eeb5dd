using ActorRing.Compute.Model;
using ActorRing.Native;

namespace ActorRing.Compute.Training;

/// <summary>Float32 gradients of every parameter, summed over the micro-batches of one step.</summary>
public sealed class Gradients : IDisposable
{
    private readonly Parameters _parameters;
    private readonly DeviceBuffer _buffer;

    /// <summary>Zeroed gradients.</summary>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public Gradients(Parameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _parameters = parameters;
        _buffer = parameters.Device.CreateBuffer(parameters.Layout.Count * ElementType.Float32.ByteCount());
        Views = new ParameterViews(parameters.Layout, _buffer, ElementType.Float32);
    }

    /// <summary>The gradients as layers see them.</summary>
    public ParameterViews Views { get; }

    /// <summary>Bytes held.</summary>
    public long ByteCount => _buffer.ByteCount;

    /// <summary>Sets all to zero.</summary>
    public void Clear() => _parameters.Device.Fill(0, Views.Flat);

    /// <summary>Global Euclidean norm; not finite if any gradient is not.</summary>
    public double Norm() => Math.Sqrt(_parameters.Device.SquareSum(Views.Flat));

    /// <summary>Name of the first parameter whose gradient is not finite, or null.</summary>
    public string? FirstNonFinite() =>
        _parameters.Layout.Slots.FirstOrDefault(slot => !double.IsFinite(_parameters.Device.SquareSum(Views.Of(slot))))?.Name;

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}
