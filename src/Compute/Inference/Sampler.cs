namespace ActorRing.Compute.Inference;

/// <summary>Chooses tokens from logits: a pure function of logits, options and how many were chosen before, on every machine.</summary>
/// <remarks>
/// Order of restrictions as in transformers: temperature, top-k, top-p. Equal logits rank by id, the lower first. Probabilities in float64. The generator is SplitMix64, one
/// number a token, so that it depends on no runtime. Cost: one pass over V, and a sort of V where top-k or top-p restricts.
/// </remarks>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private ulong _state;
    private int[] _ids = [];
    private double[] _weights = [];

    /// <summary>Begins a sequence of choices.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option outside its range.</exception>
    public Sampler(SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!(options.Temperature >= 0 && double.IsFinite(options.Temperature)))
        {
            throw new ArgumentOutOfRangeException(nameof(options), $"temperature is {options.Temperature}, allowed: a number from 0");
        }

        if (options.TopK < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(options), $"top-k is {options.TopK}, allowed: 0 (all) or more");
        }

        if (!(options.TopP > 0 && options.TopP <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(options), $"top-p is {options.TopP}, allowed: above 0, up to 1");
        }

        _options = options;
        _state = options.RngSeed;
    }

    /// <summary>The next token.</summary>
    /// <param name="logits"><c>[V]</c>, V at least 1.</param>
    /// <exception cref="ArithmeticException">A logit is NaN or +infinity: the model has overflowed. -infinity forbids a token.</exception>
    public int Next(ReadOnlySpan<float> logits)
    {
        var best = Best(logits);
        if (_options.Temperature == 0)
        {
            return best;
        }

        var chance = (NextBits() >> 11) * (1.0 / (1UL << 53));
        return _options.TopK > 0 || _options.TopP < 1 ? Restricted(logits, logits[best], chance) : Free(logits, logits[best], chance);
    }

    private static int Best(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var id = 0; id < logits.Length; id++)
        {
            if (float.IsNaN(logits[id]) || float.IsPositiveInfinity(logits[id]))
            {
                throw new ArithmeticException($"the logit of token {id} is {logits[id]}, must be finite");
            }

            best = logits[id] > logits[best] ? id : best;
        }

        return best;
    }

    private int Free(ReadOnlySpan<float> logits, double top, double chance)
    {
        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Weight(logit, top);
        }

        var left = chance * sum;
        var last = 0;
        for (var id = 0; id < logits.Length; id++)
        {
            var weight = Weight(logits[id], top);
            if (weight == 0)
            {
                continue;
            }

            left -= weight;
            last = id;
            if (left < 0)
            {
                break;
            }
        }

        return last;
    }

    private int Restricted(ReadOnlySpan<float> logits, double top, double chance)
    {
        if (_ids.Length != logits.Length)
        {
            (_ids, _weights) = (new int[logits.Length], new double[logits.Length]);
        }

        // Sorted by the negated weight, then by id: the sort itself is not stable.
        for (var id = 0; id < logits.Length; id++)
        {
            (_ids[id], _weights[id]) = (id, -Weight(logits[id], top));
        }

        Array.Sort(_ids, (a, b) => _weights[a] != _weights[b] ? _weights[a].CompareTo(_weights[b]) : a.CompareTo(b));
        var allowed = _ids.AsSpan(0, _options.TopK > 0 ? Math.Min(_options.TopK, _ids.Length) : _ids.Length);
        var sum = 0.0;
        foreach (var id in allowed)
        {
            sum -= _weights[id];
        }

        var (kept, bound) = (0.0, _options.TopP * sum);
        for (var at = 0; at < allowed.Length; at++)
        {
            kept -= _weights[allowed[at]];
            if (kept >= bound)
            {
                allowed = allowed[..(at + 1)];
                break;
            }
        }

        var left = chance * kept;
        foreach (var id in allowed)
        {
            left += _weights[id];
            if (left < 0)
            {
                return id;
            }
        }

        return allowed[0];
    }

    // Relative to the most probable token, so that nothing overflows.
    private double Weight(float logit, double top) => Math.Exp((logit - top) / _options.Temperature);

    private ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15UL;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
