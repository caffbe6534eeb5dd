using ActorRing.Compute.Specs.Reference;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>One attention to compute: sizes, mask, memory layout, and how far scores spread (the deviation of q).</summary>
internal sealed record AttentionCase(AttentionDims Dims, AttentionMask Mask, Layout Layout = Layout.Packed, double Spread = 1);

/// <summary>The shapes and masks every attention kernel must get right; the awkward ones first of all.</summary>
internal static class AttentionCases
{
    internal static readonly IReadOnlyDictionary<string, AttentionCase> All = Named().Concat(Drawn()).ToDictionary(entry => entry.Name, entry => entry.Case);

    private static IEnumerable<(string Name, AttentionCase Case)> Named()
    {
        yield return ("1x1", new(new(1, 1, 1, 1, 1, 32), new()));
        yield return ("1 row against 131", new(new(1, 1, 131, 2, 2, 64), new() { QueryPosition = 130 }));
        yield return ("131 rows against 1", new(new(1, 131, 1, 2, 2, 32), new() { QueryPosition = 7, KeyPosition = 20 }));
        yield return ("full, GQA, H40", new(new(1, 37, 53, 4, 2, 40), new() { Causal = false }, Layout.Slice));
        yield return ("causal, B2, GQA, H80", new(new(2, 67, 67, 6, 2, 80), new(), Layout.Slice));
        yield return ("causal, MQA, H96", new(new(1, 71, 71, 5, 1, 96), new(), Layout.HeadMajor));
        yield return ("causal, H128", new(new(1, 129, 129, 2, 1, 128), new()));
        yield return ("causal, B3, H256", new(new(3, 65, 65, 1, 1, 256), new(), Layout.HeadMajor));
        yield return ("causal, many tiles", new(new(1, 515, 515, 1, 1, 32), new()));
        yield return ("wide scores", new(new(1, 130, 130, 1, 1, 64), new(), Spread: 12));
        yield return ("past block", new(new(1, 50, 150, 2, 2, 32), new() { QueryPosition = 100 }, Layout.Slice));
        yield return ("future block, all hidden", new(new(2, 33, 65, 2, 1, 32), new() { KeyPosition = 200 }));
        yield return ("first rows hidden", new(new(1, 64, 33, 2, 2, 48), new() { QueryPosition = 10, KeyPosition = 40 }, Layout.HeadMajor));
        yield return ("striped", new(new(1, 90, 91, 2, 2, 32), new() { QueryPosition = 1, QueryStep = 3, KeyPosition = 2, KeyStep = 3 }));
        yield return ("steps differ", new(new(1, 75, 140, 1, 1, 40), new() { QueryPosition = 5, QueryStep = 7, KeyPosition = 3, KeyStep = 4 }));
        yield return ("window 1", new(new(1, 70, 70, 2, 2, 32), new() { Window = 1 }));
        yield return ("window 17", new(new(1, 200, 200, 1, 1, 64), new() { Window = 17 }));
        yield return ("window beyond all", new(new(1, 60, 60, 1, 1, 32), new() { Window = long.MaxValue }));
        yield return ("window hides the block", new(new(1, 40, 40, 1, 1, 32), new() { QueryPosition = 100, Window = 61 }));
        yield return ("window with steps", new(new(1, 130, 130, 1, 1, 32),
            new() { QueryPosition = 2, QueryStep = 4, KeyPosition = 1, KeyStep = 4, Window = 50 }));
        yield return ("window and sink", new(new(1, 260, 260, 1, 1, 32), new() { Window = 16, Sink = 4 }));
        yield return ("window and sink ends inside a tile", new(new(1, 90, 333, 1, 1, 32), new() { QueryPosition = 300, Window = 30, Sink = 77 }));
        yield return ("sink beyond all", new(new(1, 50, 50, 1, 1, 32), new() { Window = 3, Sink = long.MaxValue, DocumentStarts = new long[] { 0, 20 } }));
        yield return ("sink without window", new(new(1, 50, 50, 1, 1, 32), new() { Sink = 3 }));
        yield return ("documents, some of one token", new(new(2, 190, 190, 2, 1, 32),
            new() { DocumentStarts = new long[] { 0, 1, 2, 70, 131, 132, 189 } }, Layout.Slice));
        yield return ("documents both ways", new(new(1, 100, 130, 1, 1, 64),
            new() { Causal = false, QueryPosition = 20, DocumentStarts = new long[] { 0, 33, 34, 90 } }));
        yield return ("documents all elsewhere", new(new(1, 30, 30, 1, 1, 32), new() { QueryPosition = 50, DocumentStarts = new long[] { 0, 40 } }));
        yield return ("documents before the first position", new(new(1, 60, 60, 1, 1, 32),
            new() { QueryPosition = 500, KeyPosition = 480, DocumentStarts = new long[] { -5, 3, 470, 511 } }));
        yield return ("documents beyond everything", new(new(1, 40, 40, 1, 1, 32),
            new() { Causal = false, KeyStep = 3, DocumentStarts = new long[] { 0, 30, long.MaxValue } }));
        yield return ("documents with steps", new(new(1, 80, 80, 1, 1, 32),
            new() { QueryPosition = 3, QueryStep = 4, KeyPosition = 1, KeyStep = 4, DocumentStarts = new long[] { 0, 2, 77, 78, 150 } }));
        yield return ("documents, window and sink", new(new(1, 230, 230, 2, 2, 32),
            new() { Window = 9, Sink = 3, DocumentStarts = new long[] { 0, 1, 64, 100, 101 } }));
        yield return ("blocks of 24", new(new(1, 150, 150, 2, 2, 32), new() { Blocks = Blocks(24, 7, 7, 101) }));
        yield return ("blocks of 7 both ways", new(new(1, 101, 77, 1, 1, 40),
            new() { Causal = false, QueryPosition = 10, KeyPosition = 3, Blocks = Blocks(7, 16, 12, 102) }, Layout.Slice));
        yield return ("blocks with steps", new(new(1, 120, 120, 1, 1, 32),
            new() { QueryPosition = 1, QueryStep = 2, KeyStep = 2, Blocks = Blocks(50, 5, 5, 103) }));
        yield return ("blocks, none listed", new(new(1, 40, 40, 1, 1, 32), new() { Blocks = new BlockList(64, new long[] { 0, 0 }, Array.Empty<long>()) }));
        yield return ("blocks beyond the keys", new(new(1, 40, 40, 1, 1, 32),
            new() { Blocks = new BlockList(16, new long[] { 0, 2, 3, 5 }, new long[] { 0, 900, 0, 2, 7 }) }));
        yield return ("everything at once", new(new(2, 160, 190, 4, 2, 32),
            new() { QueryPosition = 30, Window = 40, Sink = 5, DocumentStarts = new long[] { 0, 3, 4, 111 }, Blocks = Blocks(19, 10, 10, 104) }, Layout.Slice));
        yield return ("far positions", new(new(1, 70, 90, 1, 1, 32),
            new() { QueryPosition = (1L << 40) + 20, KeyPosition = 1L << 40, Window = 33, Sink = 2, DocumentStarts = new long[] { 0, (1L << 40) + 10 } }));
    }

    // Combinations nobody would think of: sizes, offsets, steps and every rule drawn at random, the same ones on every run.
    private static IEnumerable<(string Name, AttentionCase Case)> Drawn()
    {
        for (var draw = 1; draw <= 20; draw++)
        {
            var noise = new Noise((ulong)(1000 + draw));
            var kvHeads = 1 + noise.Below(3);
            var dims = new AttentionDims(1 + noise.Below(2), 1 + noise.Below(150), 1 + noise.Below(150), kvHeads * (1 + noise.Below(3)), kvHeads,
                32 + (8 * noise.Below(5)));
            var step = 1 + (noise.Below(2) * noise.Below(4));
            var causal = noise.Below(4) > 0;
            var mask = new AttentionMask
            {
                Causal = causal,
                QueryPosition = noise.Below(120),
                QueryStep = step,
                KeyPosition = noise.Below(80),
                KeyStep = noise.Below(3) > 0 ? step : 1 + noise.Below(4),
                Window = causal && noise.Below(2) > 0 ? 1 + noise.Below(100) : 0,
                Sink = noise.Below(2) * noise.Below(60),
                DocumentStarts = noise.Below(2) > 0 ? Starts(noise) : default(ReadOnlyMemory<long>),
                Blocks = noise.Below(3) == 0 ? Blocks(1 + noise.Below(60), 800, 800, (ulong)draw) : null,
            };
            yield return ($"drawn {draw}", new AttentionCase(dims, mask, (Layout)noise.Below(3)));
        }
    }

    private static long[] Starts(Noise noise)
    {
        var starts = new SortedSet<long> { 0 };
        for (var document = 0; document < 6; document++)
        {
            starts.Add(noise.Below(300));
        }

        return [.. starts];
    }

    // About half of all pairs, with the first row empty.
    private static BlockList Blocks(long blockSize, int rows, int columns, ulong rngSeed)
    {
        var noise = new Noise(rngSeed);
        var offsets = new List<long> { 0 };
        var listed = new List<long>();
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                if (row > 0 && noise.Below(2) == 0)
                {
                    listed.Add(column);
                }
            }

            offsets.Add(listed.Count);
        }

        return new BlockList(blockSize, offsets.ToArray(), listed.ToArray());
    }
}
