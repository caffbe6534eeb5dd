namespace ActorRing.Actors.Plans;

/// <summary>Neighbouring rows of neighbouring sequences of one block: <c>[FirstSequence…, First…]</c> of a tensor <c>[B, T, …]</c>.</summary>
/// <param name="FirstSequence">From 0, below B.</param>
/// <param name="SequenceCount">Sequences.</param>
/// <param name="First">First row, from 0, below T of the block.</param>
/// <param name="Count">Rows of each sequence.</param>
public readonly record struct RowSlice(int FirstSequence, int SequenceCount, long First, long Count)
{
    /// <summary>The row after the last.</summary>
    public long End => First + Count;
}
