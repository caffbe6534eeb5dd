namespace ActorRing.Compute.Recompute;

/// <summary>Which results of a layer's forward pass are kept for its backward pass, and which are computed again from the layer's input.</summary>
/// <remarks>
/// Norm outputs and the SwiGLU product are always formed again: they cost one pass over memory and no matrix product. Results are bit-equal under every policy, because the second
/// computation runs the same kernels on the same inputs.
/// </remarks>
public sealed class RecomputePolicy
{
    /// <summary>Keeps everything that costs a matrix product.</summary>
    public static readonly RecomputePolicy None = new("none", keepsAttention: true, keepsProjections: true);

    /// <summary>Keeps layer inputs; everything else runs twice.</summary>
    public static readonly RecomputePolicy Full = new("full", keepsAttention: false, keepsProjections: false);

    /// <summary>Keeps layer inputs, attention outputs and LSE: the attention forward, quadratic in length, never runs twice. Source: LoongTrain, arXiv:2406.18485.</summary>
    public static readonly RecomputePolicy SelectivePlusPlus = new("selective++", keepsAttention: true, keepsProjections: false);

    private RecomputePolicy(string name, bool keepsAttention, bool keepsProjections)
    {
        Name = name;
        KeepsAttention = keepsAttention;
        KeepsProjections = keepsProjections;
    }

    /// <summary>Every policy, by name.</summary>
    public static IReadOnlyList<RecomputePolicy> All { get; } = [None, Full, SelectivePlusPlus];

    /// <summary>none, full or selective++.</summary>
    public string Name { get; }

    /// <summary>Whether attention output and LSE are kept.</summary>
    public bool KeepsAttention { get; }

    /// <summary>Whether q, k, v, the residual in mid-layer, and gate and up are kept.</summary>
    public bool KeepsProjections { get; }

    /// <summary>The policy of that name.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists those there are.</exception>
    public static RecomputePolicy Named(string name) =>
        All.FirstOrDefault(policy => policy.Name == name) ?? throw new ArgumentException($"recompute policy is '{name}', allowed are {string.Join(", ", All.Select(policy => policy.Name))}");

    /// <inheritdoc/>
    public override string ToString() => Name;
}
