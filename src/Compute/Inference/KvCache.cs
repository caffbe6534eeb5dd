using ActorRing.Actors.Plans;
using ActorRing.Compute.Model;
using ActorRing.Compute.Tensors;
using ActorRing.Native;

namespace ActorRing.Compute.Inference;

// Shape letters: K KV heads, H head dim, L layers.

/// <summary>Rotated keys, and values, of the tokens that this rank holds, every layer; and where those tokens stand in the sequence.</summary>
/// <remarks>
/// Each head's rows lie side by side, so that a head is read in one stream. A cache of fewer layers than the model has serves one layer after the other: enough where nothing
/// is decoded.
/// </remarks>
internal sealed class KvCache : IDisposable
{
    private readonly Arena _arena;
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;
    private readonly List<KeyRun> _runs = [];

    internal KvCache(ComputeDevice device, ModelDims dims, ElementType type, int layers, int rows)
    {
        Rows = rows;
        _arena = new Arena(device, BytesOf(dims, type, layers, rows));
        Tensor Take() => _arena.Take(type, 1, dims.KvHeads, rows, dims.HeadSize).Swap(1, 2);
        _keys = [.. Enumerable.Range(0, layers).Select(_ => Take())];
        _values = [.. Enumerable.Range(0, layers).Select(_ => Take())];
    }

    /// <summary>Most tokens that this rank can hold.</summary>
    internal int Rows { get; }

    /// <summary>Tokens held, in order of rows.</summary>
    internal IReadOnlyList<KeyRun> Runs => _runs;

    private int Used => _runs.Count == 0 ? 0 : _runs[^1].End;

    /// <summary>2 L K H elements a row, and what alignment adds.</summary>
    internal static long BytesOf(ModelDims dims, ElementType type, int layers, int rows) => 2L * layers * Arena.BytesFor(type, 1, dims.KvHeads, rows, dims.HeadSize);

    /// <summary>Keys <c>[1, count, K, H]</c> of some rows.</summary>
    internal Tensor Keys(int layer, int row, int count) => _keys[layer % _keys.Length].Slice(1, row, count);

    /// <summary>Values <c>[1, count, K, H]</c> of some rows.</summary>
    internal Tensor Values(int layer, int row, int count) => _values[layer % _values.Length].Slice(1, row, count);

    /// <summary>Forgets all tokens.</summary>
    internal void Clear() => _runs.Clear();

    /// <summary>Says where rows that were written stand.</summary>
    internal void Add(int row, TokenRun tokens) => _runs.Add(new KeyRun(row, tokens));

    /// <summary>Takes a row for one token more.</summary>
    /// <param name="position">Where it stands.</param>
    /// <param name="step">Positions to the token that this rank will take after it.</param>
    /// <exception cref="InvalidOperationException">No row is left: more tokens than the capacity was made for.</exception>
    internal int Append(long position, int step)
    {
        var row = Used;
        if (row == Rows)
        {
            throw new InvalidOperationException($"the cache of {Rows} rows is full");
        }

        if (_runs.Count > 0 && _runs[^1].Tokens is var last && last.Step == step && last.At(last.Count) == position)
        {
            _runs[^1] = _runs[^1] with { Tokens = last with { Count = last.Count + 1 } };
        }
        else
        {
            Add(row, new TokenRun(position, step, 1));
        }

        return row;
    }

    public void Dispose() => _arena.Dispose();
}
