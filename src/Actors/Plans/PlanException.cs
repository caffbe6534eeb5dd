namespace ActorRing.Actors.Plans;

/// <summary>A request that no plan can meet, in one line: which rank or field, its value, and the nearest setting that can be met.</summary>
/// <param name="message">That line.</param>
public sealed class PlanException(string message) : ArgumentException(message);
