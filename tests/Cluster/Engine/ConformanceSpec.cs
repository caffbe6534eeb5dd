namespace ActorRing.Cluster.Specs.Engine;

public sealed class MemoryEngineSpec : EngineConformance
{
    protected override EngineCluster NewCluster() => new MemoryCluster();
}

public sealed class EmbeddedEngineSpec : EngineConformance
{
    protected override EngineCluster NewCluster() => new EmbeddedCluster();
}

public sealed class EmbeddedEngineOverTcpSpec : EngineConformance
{
    protected override EngineCluster NewCluster() => new EmbeddedCluster(tcp: true);
}
