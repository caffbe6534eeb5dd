using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>How far a result may lie from the float64 reference: |error| ≤ Relative |expected| + OfScale · max(rms(all expected), SmallestScale).</summary>
/// <remarks>The second part is there for sums that cancel: their error follows the terms, not the result.</remarks>
internal readonly record struct Tolerance(double Relative, double OfScale)
{
    /// <summary>Inputs here are of order one, and so are the terms of results that cancel altogether, as the gradient of a softmax over one key does.</summary>
    internal const double SmallestScale = 0.1;

    private const double HalfUlpOfBFloat16 = 1.0 / 256;

    /// <summary>A few float32 operations per element, one of them perhaps a polynomial exp (2e-7), then one rounding to the stored type.</summary>
    internal static Tolerance Elementwise(ElementType stored) => stored switch
    {
        ElementType.BFloat16 => new(HalfUlpOfBFloat16 + 1e-5, 1e-6),
        _ => new(2e-6, 1e-6),
    };

    /// <summary>
    /// Sums of some hundred products in float32, in any order, then one rounding. Products of bfloat16 are exact in float32, so inputs do not matter.
    /// </summary>
    internal static Tolerance Sum(ElementType stored) => stored switch
    {
        ElementType.BFloat16 => new(HalfUlpOfBFloat16 + 1e-5, 1e-5),
        _ => new(2e-6, 5e-6),
    };

    /// <summary>
    /// Two chained products with an exp between. In float32 the exp multiplies the error of its argument (scores up to some tens). With bfloat16 inputs the
    /// kernels may round probabilities and their gradients to bfloat16 before the second product: half an ulp of each term, and the largest terms of a row are
    /// several times the rms of all results.
    /// </summary>
    internal static Tolerance Chained(ElementType inputs) => inputs switch
    {
        ElementType.BFloat16 => new(1e-2, 3e-2),
        _ => new(2e-5, 5e-5),
    };

    /// <summary>Logarithms of sums of exps: absolute error near that of the scores.</summary>
    internal static readonly Tolerance LogSum = new(2e-6, 1e-5);
}
