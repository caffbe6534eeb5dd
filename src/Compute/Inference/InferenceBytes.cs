namespace ActorRing.Compute.Inference;

/// <summary>Memory of an <see cref="InferenceModel"/> on one rank, bytes; weights and the messages of the prompt's attention not counted.</summary>
/// <param name="Cache">Keys and values.</param>
/// <param name="Workspace">Residual stream, one layer's temporaries, logits.</param>
public readonly record struct InferenceBytes(long Cache, long Workspace)
{
    /// <summary>Their sum.</summary>
    public long Total => Cache + Workspace;
}
