namespace ActorRing.Native;

/// <summary>Element type of a tensor; mirror of <c>ar_dtype</c>.</summary>
public enum ElementType
{
    /// <summary>IEEE binary32.</summary>
    Float32 = 0,

    /// <summary>The upper half of a binary32; rounded to nearest even.</summary>
    BFloat16 = 1,

    /// <summary>Signed 32-bit.</summary>
    Int32 = 2,

    /// <summary>Signed 64-bit.</summary>
    Int64 = 3,
}

/// <summary>Sizes of element types.</summary>
public static class ElementTypes
{
    /// <summary>Bytes per element.</summary>
    public static int ByteCount(this ElementType type) => type switch
    {
        ElementType.BFloat16 => 2,
        ElementType.Int64 => 8,
        _ => 4,
    };
}
