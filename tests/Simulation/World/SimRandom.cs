namespace ActorRing.Simulation;

/// <summary>SplitMix64: the only source of chance in a schedule.</summary>
internal sealed class SimRandom(ulong rngSeed)
{
    private ulong _state = Mix(rngSeed + 0x1234567);

    internal static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    internal ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        return Mix(_state);
    }

    /// <summary>From 0, below <paramref name="bound"/>.</summary>
    internal int Below(int bound) => (int)(((UInt128)Next() * (uint)bound) >> 64);

    internal int Between(int least, int most) => least + Below(most - least + 1);

    internal bool Chance(double probability) => (Next() >> 11) * (1.0 / (1UL << 53)) < probability;
}
