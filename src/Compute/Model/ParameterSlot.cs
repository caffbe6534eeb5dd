namespace ActorRing.Compute.Model;

/// <summary>Where one Hugging Face parameter lies in the flat parameter vector.</summary>
/// <param name="Name">Name in a Hugging Face folder, for example <c>model.layers.0.self_attn.q_proj.weight</c>.</param>
/// <param name="Offset">First element in the flat vector.</param>
/// <param name="Shape">One size for vectors, two for matrices.</param>
public sealed record ParameterSlot(string Name, long Offset, IReadOnlyList<long> Shape)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
}
