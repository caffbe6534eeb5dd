namespace ActorRing.Cluster.Akka.Wire;

/// <summary>The one type that serializers carry; what is in it, <see cref="LinkCodec"/> reads.</summary>
public sealed class EngineFrame
{
    /// <summary>Kind, link, body. A peer may send null.</summary>
    public byte[]? Bytes { get; set; }
}
