using System.Collections.Immutable;
using System.Text.Json;

namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>Sizes and spellings of <see cref="SafetensorsDtype"/>.</summary>
public static class SafetensorsDtypes
{
    /// <summary>Every spelling that is read, for messages.</summary>
    internal const string Allowed = "F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL";

    private static readonly ImmutableArray<SafetensorsDtype> All = [.. Enum.GetValues<SafetensorsDtype>()];

    /// <summary>Bytes per element.</summary>
    public static int ByteSize(this SafetensorsDtype dtype) => dtype switch
    {
        SafetensorsDtype.F64 or SafetensorsDtype.I64 => 8,
        SafetensorsDtype.F32 or SafetensorsDtype.I32 => 4,
        SafetensorsDtype.F16 or SafetensorsDtype.BF16 or SafetensorsDtype.I16 => 2,
        SafetensorsDtype.I8 or SafetensorsDtype.U8 or SafetensorsDtype.Bool => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, $"must be one of {Allowed}"),
    };

    /// <summary>The spelling in the file.</summary>
    public static string Text(this SafetensorsDtype dtype) => dtype switch
    {
        SafetensorsDtype.F64 => "F64",
        SafetensorsDtype.F32 => "F32",
        SafetensorsDtype.F16 => "F16",
        SafetensorsDtype.BF16 => "BF16",
        SafetensorsDtype.I64 => "I64",
        SafetensorsDtype.I32 => "I32",
        SafetensorsDtype.I16 => "I16",
        SafetensorsDtype.I8 => "I8",
        SafetensorsDtype.U8 => "U8",
        SafetensorsDtype.Bool => "BOOL",
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, $"must be one of {Allowed}"),
    };

    /// <summary>The type that the reader's current string names, or null.</summary>
    internal static SafetensorsDtype? Match(ref Utf8JsonReader reader)
    {
        foreach (var dtype in All)
        {
            if (reader.ValueTextEquals(dtype.Text()))
            {
                return dtype;
            }
        }
        return null;
    }
}
