namespace ActorRing.Cluster.Hosting.Engine.Wire;

/// <summary>A peer broke the rules of the wire; its connection ends, nothing else does. The message is one line.</summary>
internal sealed class WireException(string message) : IOException(message);
