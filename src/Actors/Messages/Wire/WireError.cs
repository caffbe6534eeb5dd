namespace ActorRing.Actors.Messages.Wire;

/// <summary>Why bytes are no message.</summary>
public enum WireError : byte
{
    /// <summary>They are one.</summary>
    None,

    /// <summary>Longer than a frame may be.</summary>
    FrameTooLong,

    /// <summary>Does not start as a frame does.</summary>
    NotAFrame,

    /// <summary>Of another version of the format.</summary>
    OtherVersion,

    /// <summary>Of a type that this version does not have.</summary>
    UnknownType,

    /// <summary>Ends in the middle of a field.</summary>
    Truncated,

    /// <summary>Goes on behind the last field.</summary>
    TrailingBytes,

    /// <summary>A string longer than it may be.</summary>
    StringTooLong,

    /// <summary>A string that is not UTF-8.</summary>
    NotUtf8,

    /// <summary>A list with more entries than it may have, or than the rest of the frame can hold.</summary>
    TooManyEntries,

    /// <summary>A value outside the range of its field.</summary>
    OutOfRange,
}
