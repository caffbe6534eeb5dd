namespace ActorRing.Compute.SequenceParallel;

/// <summary>What restricts attention in one batch besides causality: the document starts of each of its B sequences.</summary>
/// <remarks>Reused from batch to batch; setting a batch's documents allocates nothing once the arrays have grown.</remarks>
public sealed class SequenceMasks
{
    private readonly long[][] _starts;
    private readonly int[] _counts;

    /// <summary>Masks of <paramref name="batch"/> sequences, each one document.</summary>
    public SequenceMasks(int batch)
    {
        _starts = new long[batch][];
        _counts = new int[batch];
        Array.Fill(_starts, []);
    }

    /// <summary>B, sequences in the batch.</summary>
    public int Batch => _starts.Length;

    /// <summary>Another number after every change: what was worked out from the documents is worth keeping as long as it stays.</summary>
    public long Version { get; private set; }

    /// <summary>Whether any sequence holds more than one document.</summary>
    public bool HasDocuments { get; private set; }

    /// <summary>Document starts of a sequence, ascending from 0; empty where it is one document.</summary>
    public ReadOnlyMemory<long> DocumentStarts(int sequence) => _counts[sequence] > 1 ? _starts[sequence].AsMemory(0, _counts[sequence]) : default;

    /// <summary>Forgets all documents.</summary>
    public void Clear()
    {
        Version++;
        Array.Clear(_counts);
        HasDocuments = false;
    }

    /// <summary>Sets one sequence's document starts.</summary>
    /// <param name="sequence">0 to B - 1.</param>
    /// <param name="starts">Ascending token indices, the first 0.</param>
    public void SetDocuments(int sequence, ReadOnlySpan<long> starts)
    {
        if (starts.IsEmpty || starts[0] != 0)
        {
            throw new ArgumentException("document starts must begin with 0");
        }

        if (_starts[sequence].Length < starts.Length)
        {
            _starts[sequence] = new long[Math.Max(starts.Length, 2 * _starts[sequence].Length)];
        }

        Version++;
        starts.CopyTo(_starts[sequence]);
        _counts[sequence] = starts.Length;
        HasDocuments |= starts.Length > 1;
    }
}
