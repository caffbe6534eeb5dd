using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Coordinator;

/// <summary>What a coordinator machine is told once.</summary>
public sealed record CoordinatorOptions
{
    /// <summary>From one heartbeat to the next; also how often lost messages are sent again.</summary>
    public TimeSpan TickEvery { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Silence after which a member is given up whose connection stands. Not the first to notice: a stopped process is seen by its engine, which beats beside
    /// the machine; a machine may be busy, with a plan for example, and live.
    /// </summary>
    public TimeSpan MemberLease { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Silence after the end of a connection after which a member is given up.</summary>
    public TimeSpan SocketGrace { get; init; } = TimeSpan.FromMilliseconds(150);

    /// <summary>
    /// How long nobody is given up while nobody at all is heard of: then it is the coordinator that is cut off, more likely than all the others, and whoever is given up loses
    /// what he has in memory. Two members at least; ends that are seen are believed at once.
    /// </summary>
    public TimeSpan IsolationLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Time for a started process to join before its lease begins to count. Only for one that hangs: an end is seen at once, and a machine with twelve times as much to
    /// do as it can took more than ten seconds to start one.
    /// </summary>
    public TimeSpan JoinLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Standstill of a rank that waits for nobody after which it is given up; at least ten times its last update.</summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The same in the first update of an epoch: data are opened, code is compiled, and nothing says yet how long an update takes.</summary>
    public TimeSpan FirstStepLimit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Time for other ranks to say whom they wait for, once one has reported a late transfer.</summary>
    public TimeSpan HopVerdictDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Time for all ranks to answer, connect and restore. Not for slow disks: a rank that makes progress extends it.</summary>
    public TimeSpan FormingLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time for all ranks of a running epoch to report to a restarted coordinator.</summary>
    public TimeSpan AdoptLimit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Wait for spares and restarted members before a job goes on with fewer ranks.</summary>
    public TimeSpan RejoinWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Pause before the next epoch after a loss: what takes one rank often takes others with it, and each must not cost an epoch of its own.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromMilliseconds(40);

    /// <summary>Pause before the next epoch after one that committed nothing; doubles with each further one.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest such pause.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Epochs in a row that commit nothing after which a job has failed.</summary>
    public int EpochsWithoutCommit { get; init; } = 3;

    /// <summary>Updates that ranks may apply beyond the last one they know to be committed. Equal to the ranks'.</summary>
    public int RunAhead { get; init; } = 2;

    /// <summary>Jobs that may wait.</summary>
    public int LongestQueue { get; init; } = 256;

    /// <summary>Members that may be known at a time.</summary>
    public int MostMembers { get; init; } = 10_000;

    /// <summary>Records that may wait for the disk.</summary>
    public int LongestLogQueue { get; init; } = 4_096;

    /// <summary>Whether the host can start members again.</summary>
    public bool StartsMembers { get; init; }

    /// <summary>The coordinator's own process, as answers name it.</summary>
    public MemberId Self { get; init; } = new("seed", 1);

    /// <summary>From what the secrets of epochs are derived; random, known to the coordinator's host only.</summary>
    public ImmutableArray<byte> SecretKey { get; init; } = [];

    /// <summary>A rule to break on purpose.</summary>
    public Mutation Mutation { get; init; }
}
