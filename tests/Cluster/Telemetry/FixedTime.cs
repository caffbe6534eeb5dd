namespace ActorRing.Cluster.Specs.Telemetry;

/// <summary>It is always the same moment.</summary>
internal sealed class FixedTime : TimeProvider
{
    internal static readonly DateTimeOffset Moment = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_250);

    public override DateTimeOffset GetUtcNow() => Moment;
}
