using System.Collections.Immutable;

namespace ActorRing.Compute.Model.Config;

/// <summary>A parameter of a model: its Hugging Face name and its shape, outermost dim first.</summary>
public sealed record ParameterShape(string Name, ImmutableArray<long> Shape);
