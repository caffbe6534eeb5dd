namespace ActorRing.Compute.Specs.Reference;

/// <summary>Repeatable random numbers: equal seeds give equal values on every machine and runtime.</summary>
internal sealed class Noise(ulong rngSeed)
{
    private ulong _state = rngSeed;

    /// <summary>Values of a normal distribution.</summary>
    internal double[] Normal(int count, double deviation = 1)
    {
        var values = new double[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = deviation * Math.Sqrt(-2 * Math.Log(1 - Uniform())) * Math.Cos(2 * Math.PI * Uniform());
        }

        return values;
    }

    /// <summary>An integer in [0, <paramref name="end"/>).</summary>
    internal int Below(int end) => (int)(Uniform() * end);

    internal int[] Integers(int count, int end)
    {
        var values = new int[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = Below(end);
        }

        return values;
    }

    // SplitMix64 (doi:10.1145/2714064.2660195); the top 53 bits make a number in [0, 1).
    private double Uniform()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
