using ActorRing.Compute.Model;
using ActorRing.Native;

namespace ActorRing.Compute.Optimizers;

/// <summary>AdamW with decoupled weight decay on float32 master weights (arXiv:1711.05101). Owns both moments.</summary>
public sealed class AdamW : IDisposable
{
    private readonly Parameters _parameters;
    private readonly AdamWOptions _options;
    private readonly DeviceBuffer _firstBuffer;
    private readonly DeviceBuffer _secondBuffer;
    private readonly ParameterViews _first;
    private readonly ParameterViews _second;

    /// <summary>Zeroed moments.</summary>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public AdamW(Parameters parameters, AdamWOptions options)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _parameters = parameters;
        _options = options;
        var bytes = parameters.Layout.Count * ElementType.Float32.ByteCount();
        _firstBuffer = parameters.Device.CreateBuffer(bytes);
        _secondBuffer = parameters.Device.CreateBuffer(bytes);
        _first = new ParameterViews(parameters.Layout, _firstBuffer, ElementType.Float32);
        _second = new ParameterViews(parameters.Layout, _secondBuffer, ElementType.Float32);
    }

    /// <summary>Updates done so far.</summary>
    public long Updates { get; private set; }

    /// <summary>Bytes of both moments.</summary>
    public long ByteCount => _firstBuffer.ByteCount + _secondBuffer.ByteCount;

    /// <summary>One update of every weight, and of the compute copy where there is one.</summary>
    /// <param name="gradients">Gradients of the mean loss.</param>
    /// <param name="gradientNorm">Their global norm, finite.</param>
    /// <param name="learningRate">Step size.</param>
    public void Update(ParameterViews gradients, double gradientNorm, double learningRate)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        var clip = _options.MaxNorm > 0 && gradientNorm > _options.MaxNorm ? _options.MaxNorm / gradientNorm : 1;
        Updates++;
        var update = new AdamWUpdate(learningRate, _options.Beta1, _options.Beta2, _options.Epsilon, _options.WeightDecay, clip, Updates);
        var hasCopy = _parameters.ComputeType == ElementType.BFloat16;
        var device = _parameters.Device;
        device.AdamW(update, gradients.Matrices, _parameters.Master.Matrices, _first.Matrices, _second.Matrices, hasCopy ? _parameters.Compute.Matrices : default);
        device.AdamW(update with { WeightDecay = 0 }, gradients.Vectors, _parameters.Master.Vectors, _first.Vectors, _second.Vectors, hasCopy ? _parameters.Compute.Vectors : default);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _firstBuffer.Dispose();
        _secondBuffer.Dispose();
    }
}
