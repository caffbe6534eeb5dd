namespace ActorRing.Compute.SequenceParallel;

/// <summary>Which layer's attention is meant, and what it restricts.</summary>
/// <param name="Index">From 0, below L.</param>
/// <param name="Window">Sliding window in tokens, 0 for none.</param>
public readonly record struct AttentionLayer(int Index, int Window);
