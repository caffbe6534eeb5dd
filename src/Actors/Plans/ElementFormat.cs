namespace ActorRing.Actors.Plans;

/// <summary>How numbers are stored or sent. The values are those of the native element types.</summary>
public enum ElementFormat
{
    /// <summary>IEEE binary32.</summary>
    Float32 = 0,

    /// <summary>The upper half of a binary32.</summary>
    BFloat16 = 1,
}

/// <summary>Sizes of element formats.</summary>
public static class ElementFormats
{
    /// <summary>Bytes per element.</summary>
    public static int ByteCount(this ElementFormat format) => format == ElementFormat.BFloat16 ? 2 : 4;
}
