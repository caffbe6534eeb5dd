namespace ActorRing.Compute.Optimizers;

/// <summary>AdamW's constants; the defaults are those of EasyContext, torchtitan and Llama.</summary>
/// <param name="Beta1">Decay of the first moment, [0, 1).</param>
/// <param name="Beta2">Decay of the second moment, [0, 1).</param>
/// <param name="Epsilon">Added to the root of the second moment, above 0.</param>
/// <param name="WeightDecay">Decoupled decay of matrices; norms and biases have none.</param>
/// <param name="MaxNorm">Gradients are scaled down to this global norm; 0 turns clipping off.</param>
public sealed record AdamWOptions(double Beta1 = 0.9, double Beta2 = 0.95, double Epsilon = 1e-8, double WeightDecay = 0.1, double MaxNorm = 1.0);
