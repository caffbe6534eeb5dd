namespace ActorRing.Simulation;

/// <summary>A rule that did not hold. Its text starts with the rule's number in reliability terms: S for safety, L for liveness.</summary>
internal sealed class Violation(string what) : Exception(what);
