namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>Element types that a safetensors file may hold here; the names are those of the format, all little-endian.</summary>
public enum SafetensorsDtype
{
    /// <summary>IEEE binary64, 8 bytes.</summary>
    F64,

    /// <summary>IEEE binary32, 4 bytes.</summary>
    F32,

    /// <summary>IEEE binary16, 2 bytes.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a binary32, 2 bytes.</summary>
    BF16,

    /// <summary>Signed, 8 bytes.</summary>
    I64,

    /// <summary>Signed, 4 bytes.</summary>
    I32,

    /// <summary>Signed, 2 bytes.</summary>
    I16,

    /// <summary>Signed, 1 byte.</summary>
    I8,

    /// <summary>Unsigned, 1 byte.</summary>
    U8,

    /// <summary>One byte, 0 or 1; spelt <c>BOOL</c> in the file.</summary>
    Bool,
}
