using System.Collections.Immutable;

namespace ActorRing.Actors.Plans;

/// <summary>How modes are spelt.</summary>
public static class SequenceModes
{
    /// <summary>The spelling of every mode, in the order of <see cref="SequenceMode"/>.</summary>
    public static ImmutableArray<string> Spellings { get; } = ["data_parallel", "ring", "zigzag", "stripe", "double-ring", "lightseq", "all-gather", "ulysses", "usp"];

    // EasyContext's names, and what papers call usp.
    private static readonly ImmutableArray<(string Alias, SequenceMode Mode)> Aliases =
    [
        ("zigzag_ring_attn", SequenceMode.Zigzag),
        ("dist_flash_attn", SequenceMode.LightSeq),
        ("ulysses_attn", SequenceMode.Ulysses),
        ("usp_attn", SequenceMode.Usp),
        ("2d", SequenceMode.Usp),
    ];

    /// <summary>The spelling of a mode.</summary>
    public static string Spelling(this SequenceMode mode) => Spellings[(int)mode];

    /// <summary>The mode of a spelling or of one of EasyContext's names.</summary>
    /// <exception cref="PlanException">There is none; the message names the nearest.</exception>
    public static SequenceMode Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (var (alias, mode) in Aliases)
        {
            if (alias == text)
            {
                return mode;
            }
        }

        var nearest = 0;
        for (var mode = 0; mode < Spellings.Length; mode++)
        {
            if (Spellings[mode] == text)
            {
                return (SequenceMode)mode;
            }

            nearest = Distance(text, Spellings[mode]) < Distance(text, Spellings[nearest]) ? mode : nearest;
        }

        throw Invariant.Refuse($"mode = {text} is not one of {string.Join(", ", Spellings)}; nearest possible: {Spellings[nearest]}");
    }

    /// <summary>Whether KV blocks rotate in this mode.</summary>
    internal static bool Rotates(this SequenceMode mode) => mode is SequenceMode.Ring or SequenceMode.Zigzag or SequenceMode.Stripe or SequenceMode.DoubleRing;

    // Letters to insert, leave out or change (Levenshtein).
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var changed = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j - 1], row[j]) + 1);
            }
        }

        return row[^1];
    }
}
