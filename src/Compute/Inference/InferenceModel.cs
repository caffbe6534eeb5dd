using ActorRing.Compute.Communication;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Model.Rope;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Inference;

// Shape letters: S tokens of a prompt, T of them on this rank, D model dim, V vocabulary, P ranks.

/// <summary>
/// A Llama-family model that only runs forward, on one rank or on several that share a sequence: keys and values stay where the prompt's attention put them, and a decoded token
/// goes to them. Every rank calls the same methods with the same arguments.
/// </summary>
/// <remarks>
/// <para>Memory: keys and values of this rank's tokens, their residual stream, and the temporaries of one layer. On one rank a layer takes the prompt a chunk at a time, each
/// chunk's queries against all keys so far; several ranks attend as the plan of the mode says.</para>
/// <para>Rotary types that look at the length (dynamic, longrope) get that of prompt and new tokens together, for all of them: keys in the cache are rotated already, so that a
/// length that grew from token to token would leave them at angles of their own. Hence decoding equals a prefill of the longer text of the same declared length.</para>
/// <para>Not for several threads. After a <see cref="CommunicationException"/> neither this nor its communicators can be used again.</para>
/// </remarks>
public sealed class InferenceModel : IDisposable
{
    private readonly Parameters _parameters;
    private readonly LlamaConfig _config;
    private readonly InferenceCapacity _capacity;
    private readonly InferenceSeat? _seat;
    private readonly ComputeDevice _device;
    private readonly InferenceMemory _memory;
    private readonly KvCache _cache;
    private readonly InferenceLayer[] _layers;
    private readonly TokenAttention _tokenAttention;
    private readonly CommunicatorGroup? _group;
    private readonly SequenceMasks _masks = new(1);
    private RopeFrequencies? _frequencies;
    private PromptShare? _share;
    private int _promptTokens;
    private int _limit;

    /// <summary>Takes all memory.</summary>
    /// <param name="parameters">Weights; borrowed. Keys and values have their compute type.</param>
    /// <param name="config">Of the same model; says the rotary type.</param>
    /// <param name="capacity">The longest sequence.</param>
    /// <param name="seat">This rank among others; null for one rank alone. What it names is borrowed.</param>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    /// <exception cref="ActorRing.Actors.Plans.PlanException">The mode cannot share the longest prompt between so many ranks.</exception>
    public InferenceModel(Parameters parameters, LlamaConfig config, InferenceCapacity capacity, InferenceSeat? seat = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(capacity);
        (_parameters, _config, _capacity, _seat, _device) = (parameters, config, capacity, seat, parameters.Device);
        var dims = parameters.Dims;
        var (shape, layers, rows) = Plan(dims, parameters.ComputeType, capacity, seat?.Mode, seat?.Ranks ?? 1);
        _memory = InferenceMemory.Create(_device, dims, parameters.ComputeType, shape);
        try
        {
            _cache = new KvCache(_device, dims, parameters.ComputeType, layers, rows);
        }
        catch (InsufficientMemoryException)
        {
            _memory.Dispose();
            throw;
        }

        _layers = [.. parameters.Compute.Layers.Select((weights, layer) => new InferenceLayer(_device, dims, layer, weights))];
        _tokenAttention = new TokenAttention(_device, dims, _memory, _cache, seat?.All, capacity.Sink);
        _group = seat is null ? null : new CommunicatorGroup(_device, seat.All);
        Bytes = PlanBytes(dims, parameters.ComputeType, capacity, seat?.Mode, seat?.Ranks ?? 1);
    }

    /// <summary>Memory taken.</summary>
    public InferenceBytes Bytes { get; }

    /// <summary>Tokens of the sequence so far, prompt included.</summary>
    public int Tokens { get; private set; }

    /// <summary>V.</summary>
    public int Vocabulary => _parameters.Dims.Vocabulary;

    /// <summary>What <see cref="Bytes"/> of a model would be, without making one.</summary>
    /// <param name="dims">Of the model.</param>
    /// <param name="computeType">Of activations, keys and values.</param>
    /// <param name="capacity">The longest sequence.</param>
    /// <param name="mode">How ranks share the prompt; null for one rank alone.</param>
    /// <param name="ranks">P.</param>
    /// <exception cref="ActorRing.Actors.Plans.PlanException">The mode cannot share the longest prompt between so many ranks.</exception>
    public static InferenceBytes PlanBytes(ModelDims dims, ElementType computeType, InferenceCapacity capacity, string? mode, int ranks)
    {
        ArgumentNullException.ThrowIfNull(dims);
        ArgumentNullException.ThrowIfNull(capacity);
        var (shape, layers, rows) = Plan(dims, computeType, capacity, mode, ranks);
        return new(KvCache.BytesOf(dims, computeType, layers, rows), InferenceMemory.BytesOf(dims, computeType, shape));
    }

    /// <summary>Begins a sequence: computes the prompt and leaves the logits of the token after it. Forgets any sequence before.</summary>
    /// <param name="prompt">S ids, at least 1, each in [0, V); all of them on every rank.</param>
    /// <param name="wholeTokens">S and the tokens that may be decoded after it: the length that dynamic and longrope look at.</param>
    /// <param name="stop">Looked at between layers where this rank is alone: others would wait for one that left.</param>
    /// <exception cref="ArgumentException">More tokens than the capacity, none, or an id outside the vocabulary.</exception>
    /// <exception cref="OperationCanceledException">Stopped; there is no sequence.</exception>
    public void Prefill(ReadOnlySpan<int> prompt, int wholeTokens, CancellationToken stop = default)
    {
        if (wholeTokens < prompt.Length || wholeTokens - prompt.Length > _capacity.NewTokens)
        {
            throw new ArgumentException($"prompt of {prompt.Length} tokens in a sequence of {wholeTokens}; allowed: up to {_capacity.NewTokens} new tokens");
        }

        var share = Forward(prompt, default, wholeTokens, [0], stop);
        share.Keep(_cache);
        (Tokens, _promptTokens, _limit) = (prompt.Length, prompt.Length, wholeTokens);
        var (rank, row) = share.Last();
        if (rank == (_seat?.Rank.Index ?? 0))
        {
            NormInto(_memory.Residual.Slice(0, row, 1), _memory.Last);
        }

        _seat?.All.Broadcast(_memory.Last, rank, new HopLabel(HopChannel.Output)).Wait();
        ComputeLogits();
    }

    /// <summary>Goes one token on: appends it and leaves the logits of the next.</summary>
    /// <param name="token">In [0, V), the same on every rank.</param>
    /// <exception cref="InvalidOperationException">The sequence has reached the length that it was begun with, or was not begun.</exception>
    /// <remarks>Cost per rank: all products of one row, attention over this rank's keys; sends (P - 1) L N (H + 1) float32.</remarks>
    public void Decode(int token)
    {
        if (Tokens == 0 || Tokens >= _limit)
        {
            throw new InvalidOperationException(Tokens == 0 ? "there is no sequence to go on with: prefill comes first" : $"the sequence was begun for {_limit} tokens and has them");
        }

        long position = Tokens;
        var ranks = _seat?.Ranks ?? 1;
        var isKeeper = (Tokens - _promptTokens) % ranks == (_seat?.Rank.Index ?? 0);
        var x = _memory.Residual.Slice(0, 0, 1);
        _device.Write([token], _memory.Ids.Slice(0, 0, 1));
        _device.EmbeddingForward(_memory.Ids.Slice(0, 0, 1), _parameters.Compute.Embedding, x);
        WriteRotary([position]);
        var row = isKeeper ? _cache.Append(position, ranks) : 0;
        var (q, output, lse) = (_memory.Q.Slice(1, 0, 1), _memory.Output.Slice(0, 0, 1), _memory.Lse.Slice(1, 0, 1));
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            var (k, v) = isKeeper ? (_cache.Keys(layer, row, 1), _cache.Values(layer, row, 1)) : default;
            _layers[layer].Project(_memory, x, _memory.Cos.Slice(0, 0, 1), _memory.Sin.Slice(0, 0, 1), q, k, v);
            _tokenAttention.Attend(q, position, _layers[layer].Attention, output.AsHeads(1, _parameters.Dims.Heads, _parameters.Dims.HeadSize), lse);
            _layers[layer].Finish(_memory, x, output);
        }

        Tokens++;
        NormInto(x, _memory.Last);
        ComputeLogits();
    }

    /// <summary>Logits of the next token, after <see cref="Prefill"/> or <see cref="Decode"/>; the same on every rank.</summary>
    /// <param name="logits">Written, <c>[V]</c>.</param>
    public void ReadLogits(Span<float> logits) => _device.Read(_memory.Logits, logits);

    /// <summary>What rank 0 says, on every rank: whoever samples by itself might choose otherwise by a rounding.</summary>
    public int Agree(int value)
    {
        if (_seat is null)
        {
            return value;
        }

        Span<int> word = [value];
        _device.Write<int>(word, _memory.Word);
        _seat.All.Broadcast(_memory.Word, 0, new HopLabel(HopChannel.Control)).Wait();
        _device.Read(_memory.Word, word);
        return word[0];
    }

    /// <summary>Summed loss of the labelled tokens of a sequence, all ranks together. Ends any sequence that was begun.</summary>
    /// <param name="ids">S ids, each in [0, V); all of them on every rank.</param>
    /// <param name="labels">S labels, already shifted; <see cref="PackedRows.Ignored"/> where there is none.</param>
    /// <param name="documentStarts">Where documents start, ascending from 0; empty for one document.</param>
    /// <exception cref="ArgumentException">More tokens than the capacity, none, or an id outside the vocabulary.</exception>
    public LossSum Score(ReadOnlySpan<int> ids, ReadOnlySpan<int> labels, ReadOnlySpan<long> documentStarts = default)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(labels.Length, ids.Length);
        var share = Forward(ids, labels, ids.Length, documentStarts.IsEmpty ? [0] : documentStarts);
        var own = new int[share.Positions.Length];
        _device.Read<int>(_memory.Labels.Slice(0, 0, own.Length), own);
        var (sum, count) = (0.0, 0L);
        foreach (var (first, rows) in Chunks(own.Length))
        {
            if (!own.AsSpan(first, rows).ContainsAnyExcept(PackedRows.Ignored))
            {
                continue;
            }

            var norm = _memory.Norm.Slice(0, 0, rows);
            NormInto(_memory.Residual.Slice(0, first, rows), norm);
            var loss = _device.LmHeadCrossEntropy(norm, _parameters.Compute.LmHead, _memory.Labels.Slice(0, first, rows), 0, default, default, default);
            (sum, count) = (sum + loss.Sum, count + loss.LabelCount);
        }

        return _group is null ? new LossSum(sum, count) : new LossSum(_group.Sum(sum), (long)_group.Sum(count));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _share?.Dispose();
        _group?.Dispose();
        _cache.Dispose();
        _memory.Dispose();
    }

    private static (InferenceShape Shape, int Layers, int CacheRows) Plan(ModelDims dims, ElementType type, InferenceCapacity capacity, string? mode, int ranks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity.PromptTokens, 1, nameof(capacity));
        ArgumentOutOfRangeException.ThrowIfNegative(capacity.NewTokens, nameof(capacity));
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity.ChunkTokens, 1, nameof(capacity));
        var rows = mode is null ? capacity.PromptTokens : (int)PromptPlan.Of(dims, type, mode, ranks, capacity.PromptTokens, capacity.Sink).SequenceLayout().LargestCount;
        var chunk = Math.Min(capacity.ChunkTokens, rows);
        var perRank = (capacity.NewTokens + ranks - 1) / ranks;
        return (new(rows, chunk, mode is null ? chunk : rows, ranks), capacity.NewTokens == 0 ? 1 : dims.Layers, checked(rows + perRank));
    }

    // Embedding and all layers of this rank's tokens; their residual stream and, unless one layer's rows serve all, their keys are left behind.
    private PromptShare Forward(ReadOnlySpan<int> ids, ReadOnlySpan<int> labels, int wholeTokens, ReadOnlySpan<long> documentStarts, CancellationToken stop = default)
    {
        if (ids.Length < 1 || ids.Length > _capacity.PromptTokens)
        {
            throw new ArgumentException($"{ids.Length} tokens; allowed: 1 to {_capacity.PromptTokens}, the capacity");
        }

        _cache.Clear();
        (Tokens, _limit) = (0, 0);
        _frequencies = RopeFrequencies.Of(_config, wholeTokens);
        var share = ShareOf(ids.Length);
        var rows = share.Positions.Length;
        Load(share, ids, _memory.Ids, padding: 0);
        if (!labels.IsEmpty)
        {
            Load(share, labels, _memory.Labels, PackedRows.Ignored);
        }

        WriteRotary(share.Positions);
        _masks.Clear();
        _masks.SetDocuments(0, documentStarts);
        _device.EmbeddingForward(_memory.Ids.Slice(0, 0, rows), _parameters.Compute.Embedding, _memory.Residual.Slice(0, 0, rows));
        foreach (var layer in _layers)
        {
            if (share.Attention is { } planned)
            {
                ForwardShared(layer, planned, rows);
            }
            else
            {
                stop.ThrowIfCancellationRequested();
                ForwardAlone(layer, rows);
            }
        }

        share.Attention?.Settle();
        return share;
    }

    private void ForwardAlone(InferenceLayer layer, int tokens)
    {
        foreach (var (first, rows) in Chunks(tokens))
        {
            var (q, output) = (_memory.Q.Slice(1, 0, rows), _memory.Output.Slice(0, 0, rows));
            Project(layer, q, first, rows);
            var mask = new AttentionMask { QueryPosition = first, Window = layer.Attention.Window, Sink = _capacity.Sink, DocumentStarts = _masks.DocumentStarts(0) };
            _device.AttentionForward(
                q, _cache.Keys(layer.Attention.Index, 0, first + rows), _cache.Values(layer.Attention.Index, 0, first + rows), mask, _parameters.Dims.SoftmaxScale,
                AttentionPart.Whole, default, AsHeads(output), _memory.Lse.Slice(1, 0, rows));
            layer.Finish(_memory, _memory.Residual.Slice(0, first, rows), output);
        }
    }

    private void ForwardShared(InferenceLayer layer, PlannedAttention planned, int tokens)
    {
        foreach (var (first, rows) in Chunks(tokens))
        {
            Project(layer, _memory.Q.Slice(1, first, rows), first, rows);
        }

        var output = _memory.Output.Slice(0, 0, tokens);
        planned.Forward(
            _memory.Q.Slice(1, 0, tokens), _cache.Keys(layer.Attention.Index, 0, tokens), _cache.Values(layer.Attention.Index, 0, tokens), _masks, layer.Attention,
            _parameters.Dims.SoftmaxScale, AsHeads(output), _memory.Lse.Slice(1, 0, tokens));
        foreach (var (first, rows) in Chunks(tokens))
        {
            layer.Finish(_memory, _memory.Residual.Slice(0, first, rows), output.Slice(0, first, rows));
        }
    }

    private void Project(InferenceLayer layer, in Tensor q, int first, int rows) => layer.Project(
        _memory, _memory.Residual.Slice(0, first, rows), _memory.Cos.Slice(0, first, rows), _memory.Sin.Slice(0, first, rows), q,
        _cache.Keys(layer.Attention.Index, first, rows), _cache.Values(layer.Attention.Index, first, rows));

    private IEnumerable<(int First, int Rows)> Chunks(int tokens)
    {
        var chunk = (int)_memory.Norm.Size(0);
        for (var first = 0; first < tokens; first += chunk)
        {
            yield return (first, Math.Min(chunk, tokens - first));
        }
    }

    private PromptShare ShareOf(int tokens)
    {
        if (_share?.Tokens != tokens)
        {
            _share?.Dispose();
            _share = null; // if the next line fails, the old one is gone all the same
            _share = _seat is null
                ? PromptShare.Whole(tokens)
                : PromptShare.Of(_device, _parameters.Dims, _parameters.ComputeType, _seat, tokens, _capacity.Sink);
        }

        return _share;
    }

    private void Load(PromptShare share, ReadOnlySpan<int> whole, in Tensor to, int padding)
    {
        var own = new int[share.Positions.Length];
        for (var row = 0; row < own.Length; row++)
        {
            own[row] = share.Positions[row] < whole.Length ? whole[(int)share.Positions[row]] : padding;
        }

        _device.Write<int>(own, to.Slice(0, 0, own.Length));
    }

    private void WriteRotary(ReadOnlySpan<long> positions)
    {
        var half = _parameters.Dims.HeadSize / 2;
        var (cos, sin) = (new float[positions.Length * half], new float[positions.Length * half]);
        RotaryTable.Fill(_frequencies!, positions, cos, sin);
        _device.Write<float>(cos, _memory.Cos.Slice(0, 0, positions.Length));
        _device.Write<float>(sin, _memory.Sin.Slice(0, 0, positions.Length));
    }

    private void NormInto(in Tensor x, in Tensor norm) =>
        _device.RmsNormForward(x, _parameters.Compute.FinalNorm, _parameters.Dims.NormEpsilon, norm, _memory.Rstd.Slice(0, 0, x.Size(0)));

    private void ComputeLogits() => _device.LinearForward(_memory.Last, _parameters.Compute.LmHead, default, accumulate: false, _memory.Logits);

    private Tensor AsHeads(in Tensor output) => output.AsHeads(1, _parameters.Dims.Heads, _parameters.Dims.HeadSize);
}
