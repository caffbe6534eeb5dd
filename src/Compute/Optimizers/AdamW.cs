using ActorRing.Compute.Model;
using ActorRing.Compute.Sharding;
using ActorRing.Native;

namespace ActorRing.Compute.Optimizers;

/// <summary>AdamW with decoupled weight decay on float32 master weights (arXiv:1711.05101). Owns both moments of a run of shards, and updates that run.</summary>
public sealed class AdamW : IDisposable
{
    private readonly Parameters _parameters;
    private readonly AdamWOptions _options;
    private readonly DeviceBuffer? _firstBuffer;
    private readonly DeviceBuffer? _secondBuffer;

    /// <summary>Zeroed moments of every weight.</summary>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public AdamW(Parameters parameters, AdamWOptions options)
        : this(parameters, options, (parameters ?? throw new ArgumentNullException(nameof(parameters))).Layout.Shards.All)
    {
    }

    /// <summary>Zeroed moments of the weights that a rank owns.</summary>
    /// <param name="parameters">All weights; borrowed.</param>
    /// <param name="options">Constants.</param>
    /// <param name="owned">Whose moments are kept; may be empty.</param>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public AdamW(Parameters parameters, AdamWOptions options, ShardRun owned)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _parameters = parameters;
        _options = options;
        Owned = owned;
        if (!owned.IsEmpty)
        {
            var bytes = owned.ElementCount * ElementType.Float32.ByteCount();
            _firstBuffer = parameters.Device.CreateBuffer(bytes);
            _secondBuffer = parameters.Device.CreateBuffer(bytes);
            First = Tensor.Of(_firstBuffer, 0, ElementType.Float32, owned.ElementCount);
            Second = Tensor.Of(_secondBuffer, 0, ElementType.Float32, owned.ElementCount);
        }
    }

    /// <summary>The shards that are updated here.</summary>
    public ShardRun Owned { get; }

    /// <summary>Updates done so far.</summary>
    public long Updates { get; private set; }

    /// <summary>Bytes of both moments.</summary>
    public long ByteCount => (_firstBuffer?.ByteCount ?? 0) + (_secondBuffer?.ByteCount ?? 0);

    /// <summary>First moments of the owned elements, flat; absent if there are none.</summary>
    internal Tensor First { get; }

    /// <summary>Second moments of the owned elements, flat; absent if there are none.</summary>
    internal Tensor Second { get; }

    /// <summary>One update of the owned weights, and of their compute copy where there is one.</summary>
    /// <param name="gradients">Gradients of the mean loss; the owned ones are read.</param>
    /// <param name="gradientNorm">Norm of all gradients, finite.</param>
    /// <param name="learningRate">Step size.</param>
    public void Update(ParameterViews gradients, double gradientNorm, double learningRate)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        var clip = _options.MaxNorm > 0 && gradientNorm > _options.MaxNorm ? _options.MaxNorm / gradientNorm : 1;
        Updates++;
        var update = new AdamWUpdate(learningRate, _options.Beta1, _options.Beta2, _options.Epsilon, _options.WeightDecay, clip, Updates);
        var matrices = Math.Clamp(_parameters.Layout.MatrixCount, Owned.FirstElement, Owned.EndElement);
        Update(update, gradients, Owned.FirstElement, matrices);
        Update(update with { WeightDecay = 0 }, gradients, matrices, Owned.EndElement);
    }

    /// <summary>Counts an update that was left out; weights and moments stay as they are. The bias of the moments is corrected as if it had been made.</summary>
    public void Skip() => Updates++;

    /// <inheritdoc/>
    public void Dispose()
    {
        _firstBuffer?.Dispose();
        _secondBuffer?.Dispose();
    }

    /// <summary>Goes on from moments that were written from outside.</summary>
    internal void Restore(long updates) => Updates = updates;

    private void Update(in AdamWUpdate update, ParameterViews gradients, long start, long end)
    {
        if (start == end)
        {
            return;
        }

        var hasCopy = _parameters.ComputeType == ElementType.BFloat16;
        var (count, own) = (end - start, start - Owned.FirstElement);
        _parameters.Device.AdamW(
            update, gradients.Flat.Slice(0, start, count), _parameters.Master.Flat.Slice(0, start, count), First.Slice(0, own, count), Second.Slice(0, own, count),
            hasCopy ? _parameters.Compute.Flat.Slice(0, start, count) : default);
    }
}
