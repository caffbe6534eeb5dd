using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Plans;

/// <summary>One call of block attention: neighbouring rows of queries against neighbouring rows of keys.</summary>
/// <remarks>Some pair of it is visible. The mask of the pattern applies inside it; rows and positions say where.</remarks>
public readonly record struct BlockCall
{
    /// <summary>Whose queries: the rank's own, except where it helps another.</summary>
    public required RingRank QueryBlock { get; init; }

    /// <summary>Number of the run that the queries belong to in their block.</summary>
    public required int QueryRun { get; init; }

    /// <summary>Row of the first query in its block.</summary>
    public required long QueryFirst { get; init; }

    /// <summary>Positions of the queries.</summary>
    public required TokenRun Queries { get; init; }

    /// <summary>Whose keys and values.</summary>
    public required RingRank KeyBlock { get; init; }

    /// <summary>Row of the first key in its block.</summary>
    public required long KeyFirst { get; init; }

    /// <summary>Positions of the keys.</summary>
    public required TokenRun Keys { get; init; }

    /// <summary>The first sequence of the batch that the call is for.</summary>
    public required int FirstSequence { get; init; }

    /// <summary>Sequences that the call is for; they hold the same documents.</summary>
    public required int SequenceCount { get; init; }

    /// <summary>Index of the sequences' group in <see cref="AttentionPattern.Groups"/>.</summary>
    public required int Group { get; init; }

    /// <summary>Whether no earlier call of this pass and rank was about these queries and sequences: their running state is empty.</summary>
    public bool IsFirst { get; init; }

    /// <summary>Whether no later call of this pass and rank is about these queries and sequences. Partial results of helpers may still have to be
    /// merged.</summary>
    public bool IsLast { get; init; }
}
