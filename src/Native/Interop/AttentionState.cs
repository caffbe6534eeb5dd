using System.Diagnostics.CodeAnalysis;

namespace ActorRing.Native;

/// <summary>A running attention over KV blocks: what the blocks seen so far add up to, float32. <c>default</c> stands for none.</summary>
/// <param name="Output">Σ exp(score - rowMax) v, <c>[B, T, N, H]</c>.</param>
/// <param name="RowMax">Running maximum of the scaled scores, <c>[B, T, N]</c>.</param>
/// <param name="RowSum">Σ exp(score - rowMax), <c>[B, T, N]</c>.</param>
[SuppressMessage("Design", "CA1051:Do not declare visible instance fields", Justification = "Passed by reference to native code.")]
public readonly struct AttentionState(Tensor Output, Tensor RowMax, Tensor RowSum)
{
    /// <summary>Σ exp(score - rowMax) v, <c>[B, T, N, H]</c>.</summary>
    public readonly Tensor Output = Output;

    /// <summary>Running maximum of the scaled scores, <c>[B, T, N]</c>.</summary>
    public readonly Tensor RowMax = RowMax;

    /// <summary>Σ exp(score - rowMax), <c>[B, T, N]</c>.</summary>
    public readonly Tensor RowSum = RowSum;
}
