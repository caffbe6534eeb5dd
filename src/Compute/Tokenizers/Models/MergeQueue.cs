using System.Buffers;

namespace ActorRing.Compute.Tokenizers.Models;

/// <summary>
/// A binary heap of merges that could be made next: lowest rank first, leftmost first among equals.
/// Single-threaded; dispose returns its buffer.
/// </summary>
internal ref struct MergeQueue(int capacity)
{
    private long[] heap = ArrayPool<long>.Shared.Rent(Math.Max(capacity, 16));
    private int count;

    public void Push(int rank, int position)
    {
        if (count == heap.Length) Grow();
        var value = ((long)rank << 32) | (uint)position;
        var at = count++;
        while (at > 0 && heap[(at - 1) / 2] > value)
        {
            heap[at] = heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }

        heap[at] = value;
    }

    public bool TryPop(out int rank, out int position)
    {
        (rank, position) = (0, 0);
        if (count == 0) return false;
        var top = heap[0];
        (rank, position) = ((int)(top >> 32), (int)top);
        var value = heap[--count];
        var at = 0;
        for (var child = 1; child < count; child = (2 * at) + 1)
        {
            if (child + 1 < count && heap[child + 1] < heap[child]) child++;
            if (heap[child] >= value) break;
            heap[at] = heap[child];
            at = child;
        }

        heap[at] = value;
        return true;
    }

    public readonly void Dispose() => ArrayPool<long>.Shared.Return(heap);

    private void Grow()
    {
        var larger = ArrayPool<long>.Shared.Rent(heap.Length * 2);
        heap.CopyTo(larger, 0);
        ArrayPool<long>.Shared.Return(heap);
        heap = larger;
    }
}
