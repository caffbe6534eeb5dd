using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Cluster.Hosting.Seed;

namespace ActorRing.Cluster.Cli.Cluster;

internal sealed class CheckpointFolder : ICheckpointFolder
{
    public string Commit(CommitManifest order, JobRecord job) => throw new IOException("not yet");
}
