using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Checkpoints.Safetensors;
using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Model;

/// <summary>Moves weights between a Hugging Face folder and a device, a few MiB at a time.</summary>
public static class ModelWeights
{
    private const int ChunkElements = 1 << 20;

    /// <summary>Reads every parameter into the float32 masters and publishes them.</summary>
    /// <param name="folder">Its tensors were checked against its config when it was opened.</param>
    /// <param name="parameters">Of the same config.</param>
    public static void Load(HfModelFolder folder, Parameters parameters)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(parameters);
        var bytes = new byte[ChunkElements * sizeof(float)];
        var values = new float[ChunkElements];
        foreach (var slot in parameters.Layout.Slots)
        {
            var entry = folder.Weights.Tensors[slot.Name];
            var width = slot.Count / entry.RowCount;
            var rowsAtOnce = Math.Max(1, ChunkElements / width);
            if (width > ChunkElements)
            {
                throw new InvalidDataException($"{folder.Path}: tensor {slot.Name} has rows of {width} elements, allowed are up to {ChunkElements}");
            }

            for (long row = 0; row < entry.RowCount; row += rowsAtOnce)
            {
                var rows = Math.Min(rowsAtOnce, entry.RowCount - row);
                var raw = bytes.AsSpan(0, checked((int)(rows * entry.RowBytes)));
                folder.Weights.ReadRows(slot.Name, row, rows, raw);
                var part = values.AsSpan(0, (int)(rows * width));
                ToFloats(raw, entry.Dtype, part);
                parameters.Device.Write<float>(part, parameters.Master.Flat.Slice(0, slot.Offset + (row * width), part.Length));
            }
        }

        parameters.Publish();
    }

    /// <summary>Writes a folder that transformers loads; it appears under its name only when complete and on the disk.</summary>
    /// <param name="path">Final path; nothing may have it yet, or an empty folder, unless the options allow to replace it.</param>
    /// <param name="config">Of the parameters.</param>
    /// <param name="parameters">The float32 masters are rounded to the element type of the options.</param>
    /// <param name="options">Element type, shard size, tokenizer; null for all defaults.</param>
    /// <exception cref="IOException">The path is taken, the disk is full and the like; nothing is left behind.</exception>
    public static void Export(string path, LlamaConfig config, Parameters parameters, HfExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        using var export = HfModelExport.Begin(path, config, options);
        var slots = parameters.Layout.Slots.ToDictionary(slot => slot.Name, StringComparer.Ordinal);
        var bytes = new byte[ChunkElements * sizeof(float)];
        var values = new float[ChunkElements];
        foreach (var spec in export.Parameters)
        {
            var slot = slots[spec.Name];
            for (long done = 0; done < slot.Count; done += ChunkElements)
            {
                var part = values.AsSpan(0, (int)Math.Min(ChunkElements, slot.Count - done));
                parameters.Device.Read(parameters.Master.Flat.Slice(0, slot.Offset + done, part.Length), part);
                export.Append(spec.Name, FromFloats(part, spec.Dtype, bytes));
            }
        }

        export.Commit();
    }

    private static void ToFloats(ReadOnlySpan<byte> raw, SafetensorsDtype dtype, Span<float> values)
    {
        switch (dtype)
        {
            case SafetensorsDtype.F32:
                raw.CopyTo(MemoryMarshal.AsBytes(values));
                break;
            case SafetensorsDtype.BF16:
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(raw[(2 * i)..]) << 16);
                }

                break;
            case SafetensorsDtype.F16:
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(raw[(2 * i)..]);
                }

                break;
            default:
                throw new InvalidDataException($"dtype {dtype}: F32, F16 and BF16 are allowed");
        }
    }

    private static ReadOnlySpan<byte> FromFloats(ReadOnlySpan<float> values, SafetensorsDtype dtype, byte[] bytes)
    {
        switch (dtype)
        {
            case SafetensorsDtype.BF16:
                for (var i = 0; i < values.Length; i++)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), BFloat16.FromSingle(values[i]));
                }

                return bytes.AsSpan(0, 2 * values.Length);
            case SafetensorsDtype.F16:
                for (var i = 0; i < values.Length; i++)
                {
                    BinaryPrimitives.WriteHalfLittleEndian(bytes.AsSpan(2 * i), (Half)values[i]);
                }

                return bytes.AsSpan(0, 2 * values.Length);
            default:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                return bytes.AsSpan(0, sizeof(float) * values.Length);
        }
    }
}
