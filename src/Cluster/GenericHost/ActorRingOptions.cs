namespace ActorRing.Cluster.GenericHost;

/// <summary>Which cluster a program's member joins, and as whom. Bound from configuration, or set in code.</summary>
public sealed class ActorRingOptions
{
    /// <summary>Where configuration usually has them.</summary>
    public const string Section = "ActorRing";

    /// <summary>Folder of a cluster on this machine: its socket, its token. Default: <c>ACTORRING_STATE</c>, otherwise <c>runs/.cluster</c>.</summary>
    public string? State { get; set; }

    /// <summary><c>embedded</c>, <c>akka</c>, or <c>auto</c>: what the folder's seed uses. Default: auto, which means embedded where <see cref="Seed"/> is given.</summary>
    public string Engine { get; set; } = "auto";

    /// <summary><c>HOST:PORT</c> of a seed that was started with <c>--bind</c>. Default: the folder's socket.</summary>
    public string? Seed { get; set; }

    /// <summary>Folder that <c>actorring certificates new</c> made. Needed where <see cref="Seed"/> is another machine.</summary>
    public string? Certificates { get; set; }

    /// <summary>Of this member in the cluster, 1 to 64 of A-Z a-z 0-9 . _ -. Default: <c>member-</c> and the process id.</summary>
    public string? Name { get; set; }

    /// <summary>Address of this machine at which the member takes tensors from other ranks over Gloo. Not encrypted: for private networks. Default: 127.0.0.1.</summary>
    public string? TensorAddress { get; set; }

    /// <summary>Whether the member holds a rank only while there are too few others. Default: false.</summary>
    public bool IsReserve { get; set; }

    /// <summary>Whether the program stops when its member has left because the cluster was asked to let it go. Default: true.</summary>
    public bool StopsHost { get; set; } = true;
}
