using System.Collections.Immutable;

namespace ActorRing.Simulation;

/// <summary>What kind of trouble a schedule is about.</summary>
internal enum Profile
{
    /// <summary>Everything at once, at rates that each seed draws.</summary>
    Swarm,

    /// <summary>Nothing but restarts of the coordinator: no rank may notice (L3).</summary>
    CoordinatorOnly,

    /// <summary>One lost rank: one epoch change, and soon (L1, L4).</summary>
    OneLoss,

    /// <summary>A spare that is stopped: nobody may notice (L6).</summary>
    SlowSpare,

    /// <summary>A step that kills whoever computes it: a verdict (L2).</summary>
    Poison,

    /// <summary>A member with another layout or library: a verdict, and not one byte moved.</summary>
    OddMember,

    /// <summary>A coordinator that is started on an older copy of its log: it must see so and end before it does anything.</summary>
    OldLog,

    /// <summary>A seed that nobody reaches for a while: nobody may notice but by waiting (L3).</summary>
    CutOffSeed,

    /// <summary>Data that no update can be made of: they are left out, or, where all are so, a verdict (L2).</summary>
    BadData,

    /// <summary>One lost rank whose machine stays away for a while: the ring makes do, and is whole again soon after (L7).</summary>
    Elastic,

    /// <summary>Nothing but processes that are lost at chosen points (<see cref="CrashPlan"/>).</summary>
    Crashes,
}

/// <summary>Rates of one schedule: swarm testing, since a fault that is always on hides those that need it off.</summary>
internal sealed class Faults
{
    private Faults()
    {
    }

    internal Faults(ulong rngSeed)
    {
        var random = new SimRandom(rngSeed ^ 0xFA017);
        Profile = random.Below(16) switch
        {
            0 => Profile.CoordinatorOnly,
            1 => Profile.OneLoss,
            2 => Profile.SlowSpare,
            3 => Profile.Poison,
            4 => Profile.OddMember,
            5 => Profile.OldLog,
            6 => Profile.CutOffSeed,
            7 => Profile.BadData,
            8 => Profile.Elastic,
            _ => Profile.Swarm,
        };
        var isSwarm = Profile == Profile.Swarm;
        double Rate(double most) => isSwarm && random.Below(3) > 0 ? most * random.Below(101) / 100 : 0;
        int Weight(int most) => isSwarm && random.Below(2) > 0 ? random.Between(1, most) : 0;
        Drop = Rate(0.2);
        Duplicate = Rate(0.15);
        Delay = Rate(0.15);
        Kill = Weight(10);
        Pause = Weight(8);
        Freeze = Weight(3);
        Hang = Weight(3);
        Cut = Weight(10);
        DataCut = Weight(4);
        Heal = 6;
        CoordinatorCrash = Weight(6);
        Twin = Weight(3);
        Operator = Weight(6);
        Forge = Weight(4);
        Flip = Weight(2);
        NonFinite = Weight(2);
        Drain = Weight(2);
        Replay = Weight(6);
        WorkFails = Rate(0.02);
        ShardFails = Rate(0.1);
        ManifestFails = Rate(0.2);
        SyncFails = Rate(0.02);
        ExitSeen = random.Below(101) / 100.0;
        RemoteFence = Rate(0.5);
        UsesCodec = random.Below(32) == 0;
        Ranks = random.Between(2, 4);
        var spares = random.Below(3);
        Spares = Profile == Profile.OldLog ? 0 : spares; // spares that have never heard of the ring could make one of their own before it speaks
        MinRanks = random.Below(3) == 0 ? Math.Max(1, Ranks - 1) : Ranks;
        TrainSteps = random.Between(5, 12);
        CheckpointEvery = random.Between(1, 5);
        Granularity = random.Below(6) switch { 0 => 2, 1 => 1, _ => 0 };
        Jobs = random.Below(5) == 0 && Profile is not (Profile.SlowSpare or Profile.OldLog) ? 2 : 1;
        Gap = random.Between(15, 90);
        End = isSwarm ? random.Between(150, 700) : 400;
        LookEvery = random.Below(2) == 0 ? random.Between(2, 30) : 0;
        ReportsHops = random.Below(2) == 0;
        Compacts = random.Below(2) == 0;
        Damage = Weight(12);
        Misread = Rate(0.1);
        DamageReplica = Weight(6);
        var isBad = Profile == Profile.BadData || (isSwarm && random.Below(4) == 0);
        BadPlaces = isBad ? [.. Enumerable.Range(0, random.Between(1, 3)).Select(_ => random.Below(2 * TrainSteps))] : [];
        Reserves = random.Below(Spares + 1);
        if (Profile == Profile.Elastic)
        {
            // Either a reserve or fewer ranks, and time to see it.
            Reserves = random.Below(2);
            Spares = Reserves;
            MinRanks = Reserves > 0 ? Ranks : Ranks - 1;
            IsBroken = random.Below(3) == 0;
            (TrainSteps, Jobs, Granularity, StepMilliseconds) = (70, 1, 0, 50);
        }

        BadFrom = Profile == Profile.BadData && random.Below(3) == 0 ? random.Below(TrainSteps) : long.MaxValue;
    }

    /// <summary>A run of 3 ranks and 4 updates in which nothing goes wrong by itself.</summary>
    internal static Faults ForCrashes(int spares) => new()
    {
        Profile = Profile.Crashes,
        ExitSeen = 1,
        Ranks = 3,
        Spares = spares,
        MinRanks = 3,
        TrainSteps = 4,
        CheckpointEvery = 2,
        Jobs = 1,
        Gap = 1,
    };

    internal Profile Profile { get; private init; }

    internal double Drop { get; private init; }

    internal double Duplicate { get; private init; }

    internal double Delay { get; private init; }

    internal int Kill { get; private init; }

    internal int Pause { get; private init; }

    internal int Freeze { get; private init; }

    internal int Hang { get; private init; }

    internal int Cut { get; private init; }

    internal int DataCut { get; private init; }

    internal int Heal { get; private init; }

    internal int CoordinatorCrash { get; private init; }

    internal int Twin { get; private init; }

    internal int Operator { get; private init; }

    internal int Forge { get; private init; }

    internal int Flip { get; private init; }

    internal int NonFinite { get; private init; }

    internal int Drain { get; private init; }

    /// <summary>Old messages come again, long after: also whenever an epoch starts.</summary>
    internal int Replay { get; private init; }

    internal double WorkFails { get; private init; }

    internal double ShardFails { get; private init; }

    internal double ManifestFails { get; private init; }

    internal double SyncFails { get; private init; }

    /// <summary>How often the end of a process is seen at once.</summary>
    internal double ExitSeen { get; private init; }

    /// <summary>How often fencing cuts a process off instead of killing it.</summary>
    internal double RemoteFence { get; private init; }

    /// <summary>Whether every message goes through its bytes.</summary>
    internal bool UsesCodec { get; private init; }

    internal int Ranks { get; private init; }

    internal int Spares { get; private init; }

    /// <summary>Those of the spares that hold a rank only while there are too few others.</summary>
    internal int Reserves { get; private init; }

    /// <summary>Whether a machine that comes back can compute nothing.</summary>
    internal bool IsBroken { get; private init; }

    internal int MinRanks { get; private init; }

    internal int TrainSteps { get; private init; }

    internal int CheckpointEvery { get; private init; }

    internal int Granularity { get; private init; }

    internal int Jobs { get; private init; }

    /// <summary>What a rank's own work in an update takes at most where rotations need no grant.</summary>
    internal int StepMilliseconds { get; private init; } = 9;

    /// <summary>Milliseconds from one fault to the next, on average.</summary>
    internal int Gap { get; private init; }

    /// <summary>When the last one happens and all networks and disks are well again.</summary>
    internal int End { get; private init; }

    /// <summary>Milliseconds from one look of an observer to the next, on average; 0 if nobody looks.</summary>
    internal int LookEvery { get; private init; }

    /// <summary>Whether ranks say what their transfers were like.</summary>
    internal bool ReportsHops { get; private init; }

    /// <summary>Committed TrainingCheckpoints go bad, the newest first.</summary>
    internal int Damage { get; private init; }

    /// <summary>Parts of states go bad in a memory.</summary>
    internal int DamageReplica { get; private init; }

    /// <summary>Places in the data of every job of which no update can be made.</summary>
    internal ImmutableArray<int> BadPlaces { get; private init; } = [];

    /// <summary>Neither of any from here on.</summary>
    internal long BadFrom { get; private init; } = long.MaxValue;

    /// <summary>How often a rank takes a whole TrainingCheckpoint for a damaged one.</summary>
    internal double Misread { get; private init; }

    /// <summary>Whether the log is compacted whenever a coordinator starts.</summary>
    internal bool Compacts { get; private init; }
}
