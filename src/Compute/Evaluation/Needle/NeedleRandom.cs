namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>Choices that depend on a seed and a name for what is chosen, and on nothing that was chosen before.</summary>
internal static class NeedleRandom
{
    internal static Random Of(long seed, params ReadOnlySpan<long> what)
    {
        var state = (ulong)seed;
        foreach (var part in what)
        {
            state = Mix(state ^ Mix((ulong)part));
        }

        return new Random((int)(Mix(state) >> 33));
    }

    /// <summary>A number of that many digits, as text; its first digit is not 0.</summary>
    internal static string Number(this Random random, int digits) => string.Concat(Enumerable.Range(0, digits).Select(at => (char)('0' + random.Next(at == 0 ? 1 : 0, 10))));

    // SplitMix64.
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
