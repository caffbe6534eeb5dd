using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace ActorRing.Actors.Plans;

/// <summary>All fields of a plan in a fixed order, their canonical bytes, and where two plans differ.</summary>
internal static class PlanFields
{
    // Bytes: "ARPLAN1", then for each field tag (u16), count (u32), values (i64); all little-endian.
    private static ReadOnlySpan<byte> Magic => "ARPLAN1"u8;

    internal static ImmutableArray<PlanField> Of(SequenceParallelPlan plan) =>
    [
        Spelt(1, "mode", (int)plan.Mode, SequenceModes.Spellings),
        Spelt(2, "ring-mode", (int)plan.RingMode, SequenceModes.Spellings),
        Number(3, "dp", plan.Mesh.DataParallel),
        Number(4, "cp", plan.Mesh.Context),
        Number(5, "hp", plan.Mesh.Heads),
        Spelt(6, "placement", (int)plan.Mesh.Placement, ["head-first", "context-first", "interleaved"]),
        Number(7, "inner-window", plan.Mesh.InnerWindow),
        Spelt(8, "layout", (int)plan.Layout, ["contiguous", "zigzag", "stripe"]),
        new(9, "speeds", [.. plan.Speeds.Select(speed => (long)speed)], true, []),
        Number(10, "tokens", plan.Tokens),
        Number(11, "batch", plan.Batch),
        Number(12, "heads", plan.QueryHeads),
        Number(13, "kv-heads", plan.KeyHeads),
        Number(14, "head-size", plan.HeadSize),
        new(15, "layer-windows", plan.LayerWindows, true, []),
        Number(16, "sink", plan.Sink),
        Spelt(17, "causal", plan.IsCausal ? 1 : 0, ["false", "true"]),
        Format(18, "compute-format", plan.ComputeFormat),
        Format(19, "kv-format", plan.KvFormat),
        Format(20, "gradient-format", plan.GradientFormat),
        Format(21, "accumulation-format", plan.AccumulationFormat),
        Spelt(22, "keeps-exchanged", plan.KeepsExchanged ? 1 : 0, ["false", "true"]),
        Number(23, "rng-seed", plan.RngSeed),
    ];

    internal static byte[] Bytes(SequenceParallelPlan plan)
    {
        List<byte> bytes = [.. Magic];
        foreach (var field in Of(plan))
        {
            Add(bytes, field.Tag, 2);
            Add(bytes, field.Values.Length, 4);
            foreach (var value in field.Values)
            {
                Add(bytes, value, 8);
            }
        }

        return [.. bytes];
    }

    internal static PlanDifference OtherFormat => new("plan-format", "of another version", "ARPLAN1");

    internal static string Hash(SequenceParallelPlan plan) => HashOf(Bytes(plan));

    internal static string HashOf(ReadOnlySpan<byte> bytes)
    {
        const string Digits = "0123456789abcdef";
        var text = new StringBuilder();
        foreach (var value in SHA256.HashData(bytes))
        {
            text.Append(Digits[value >> 4]).Append(Digits[value & 15]);
        }

        return text.ToString();
    }

    internal static PlanDifference? FirstDifference(SequenceParallelPlan one, SequenceParallelPlan other)
    {
        foreach (var (field, otherField) in Of(one).Zip(Of(other)))
        {
            if (field.Values.Length != otherField.Values.Length)
            {
                return new(field.Name + ".length", Invariant.Text($"{field.Values.Length}"), Invariant.Text($"{otherField.Values.Length}"));
            }

            for (var at = 0; at < field.Values.Length; at++)
            {
                if (field.Values[at] != otherField.Values[at])
                {
                    return new(field.IsList ? Invariant.Text($"{field.Name}[{at}]") : field.Name, field.Text(at), otherField.Text(at));
                }
            }
        }

        return null;
    }

    // The other side's bytes may be anything: another version, or damage. What is read is taken off them.
    internal static PlanDifference? FirstDifference(ref ReadOnlySpan<byte> bytes, SequenceParallelPlan plan)
    {
        if (!bytes.StartsWith(Magic))
        {
            return OtherFormat;
        }

        bytes = bytes[Magic.Length..];
        foreach (var field in Of(plan))
        {
            if (bytes.Length < 6 || Take(ref bytes, 2) != field.Tag)
            {
                return OtherFormat;
            }

            var count = Take(ref bytes, 4);
            if (count * 8 > bytes.Length)
            {
                return OtherFormat;
            }

            if (count != field.Values.Length)
            {
                return new(field.Name + ".length", Invariant.Text($"{count}"), Invariant.Text($"{field.Values.Length}"));
            }

            for (var at = 0; at < field.Values.Length; at++)
            {
                var value = Take(ref bytes, 8);
                if (value != field.Values[at])
                {
                    return new(field.IsList ? Invariant.Text($"{field.Name}[{at}]") : field.Name, field.TextOf(value), field.Text(at));
                }
            }
        }

        return null;
    }

    private static long Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        long value = 0;
        for (var at = 0; at < count; at++)
        {
            value |= (long)bytes[at] << (8 * at);
        }

        bytes = bytes[count..];
        return value;
    }

    private static PlanField Number(ushort tag, string name, long value) => new(tag, name, [value], false, []);

    private static PlanField Spelt(ushort tag, string name, int value, ImmutableArray<string> spellings) => new(tag, name, [value], false, spellings);

    private static PlanField Format(ushort tag, string name, ElementFormat format) => Spelt(tag, name, (int)format, ["float32", "bfloat16"]);

    private static void Add(List<byte> bytes, long value, int count)
    {
        for (var at = 0; at < count; at++)
        {
            bytes.Add((byte)(value >> (8 * at)));
        }
    }
}
