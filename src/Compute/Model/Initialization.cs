using ActorRing.Native;

namespace ActorRing.Compute.Model;

/// <summary>Random weights for a model trained from nothing.</summary>
public static class Initialization
{
    /// <summary>Matrices normal with <paramref name="standardDeviation"/>, norms 1, biases 0: a pure function of (seed, parameter name), whatever the layout.</summary>
    /// <remarks>Source: Hugging Face <c>LlamaPreTrainedModel._init_weights</c>. The generator is SplitMix64 with Box-Muller, so that the weights do not depend on the runtime's.</remarks>
    public static void Fill(Parameters parameters, ulong seed, double standardDeviation)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        foreach (var slot in parameters.Layout.Slots)
        {
            var values = new float[slot.Count];
            if (slot.Name.EndsWith("norm.weight", StringComparison.Ordinal))
            {
                Array.Fill(values, 1f);
            }
            else if (slot.Shape.Count == 2)
            {
                var random = new SplitMix64(seed ^ SplitMix64.Hash(slot.Name));
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = (float)(standardDeviation * random.NextNormal());
                }
            }

            parameters.Device.Write<float>(values, parameters.Master.Of(slot));
        }

        parameters.Publish();
    }

    private struct SplitMix64(ulong state)
    {
        private ulong _state = state;
        private double _spare = double.NaN;

        /// <summary>FNV-1a over the UTF-16 units.</summary>
        internal static ulong Hash(string text)
        {
            var hash = 14695981039346656037UL;
            foreach (var unit in text)
            {
                hash = (hash ^ unit) * 1099511628211UL;
            }

            return hash;
        }

        internal double NextNormal()
        {
            if (!double.IsNaN(_spare))
            {
                var spare = _spare;
                _spare = double.NaN;
                return spare;
            }

            // Never 0, so that the logarithm is finite.
            var radius = Math.Sqrt(-2 * Math.Log(((Next() >> 11) + 1) * (1.0 / (1UL << 53))));
            var angle = 2 * Math.PI * ((Next() >> 11) * (1.0 / (1UL << 53)));
            _spare = radius * Math.Sin(angle);
            return radius * Math.Cos(angle);
        }

        private ulong Next()
        {
            _state += 0x9E3779B97F4A7C15UL;
            var z = _state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }
}
