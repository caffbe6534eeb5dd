using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

/// <summary>Neighbouring sequences of a micro-batch that hold the same documents, hence the same mask.</summary>
/// <param name="First">The first of them, from 0, below B.</param>
/// <param name="Count">How many.</param>
/// <param name="DocumentStarts">Ascending positions at which documents start, the first 0.</param>
public sealed record SequenceGroup(int First, int Count, ImmutableArray<long> DocumentStarts)
{
    /// <summary>Whether a mask needs <see cref="DocumentStarts"/>: there is more than one document.</summary>
    public bool HasDocuments => DocumentStarts.Length > 1;

    /// <summary>Number of the document that holds a position. Cost: O(log documents).</summary>
    internal int DocumentAt(long position)
    {
        int low = 0, high = DocumentStarts.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) >> 1;
            if (DocumentStarts[middle] <= position)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    /// <summary>Position after the last of a document; unbounded for the last document.</summary>
    internal long DocumentEnd(int document) => document + 1 < DocumentStarts.Length ? DocumentStarts[document + 1] : long.MaxValue;
}
