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
}

/// <summary>Rates of one schedule: swarm testing, since a fault that is always on hides those that need it off.</summary>
internal sealed class Faults
{
    internal Faults(ulong rngSeed)
    {
        var random = new SimRandom(rngSeed ^ 0xFA017);
        Profile = random.Below(16) switch { 0 => Profile.CoordinatorOnly, 1 => Profile.OneLoss, 2 => Profile.SlowSpare, 3 => Profile.Poison, 4 => Profile.OddMember, _ => Profile.Swarm };
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
        Spares = random.Below(3);
        MinRanks = random.Below(3) == 0 ? Math.Max(1, Ranks - 1) : Ranks;
        TrainSteps = random.Between(5, 12);
        CheckpointEvery = random.Between(1, 5);
        Granularity = random.Below(6) switch { 0 => 2, 1 => 1, _ => 0 };
        Jobs = random.Below(5) == 0 && Profile != Profile.SlowSpare ? 2 : 1;
        Gap = random.Between(15, 90);
        End = isSwarm ? random.Between(150, 700) : 400;
        LookEvery = random.Below(2) == 0 ? random.Between(2, 30) : 0;
        ReportsHops = random.Below(2) == 0;
        Compacts = random.Below(2) == 0;
        Damage = Weight(12);
        Misread = Rate(0.1);
        DamageReplica = Weight(6);
    }

    internal Profile Profile { get; }

    internal double Drop { get; }

    internal double Duplicate { get; }

    internal double Delay { get; }

    internal int Kill { get; }

    internal int Pause { get; }

    internal int Freeze { get; }

    internal int Hang { get; }

    internal int Cut { get; }

    internal int DataCut { get; }

    internal int Heal { get; }

    internal int CoordinatorCrash { get; }

    internal int Twin { get; }

    internal int Operator { get; }

    internal int Forge { get; }

    internal int Flip { get; }

    internal int NonFinite { get; }

    internal int Drain { get; }

    /// <summary>Old messages come again, long after: also whenever an epoch starts.</summary>
    internal int Replay { get; }

    internal double WorkFails { get; }

    internal double ShardFails { get; }

    internal double ManifestFails { get; }

    internal double SyncFails { get; }

    /// <summary>How often the end of a process is seen at once.</summary>
    internal double ExitSeen { get; }

    /// <summary>How often fencing cuts a process off instead of killing it.</summary>
    internal double RemoteFence { get; }

    /// <summary>Whether every message goes through its bytes.</summary>
    internal bool UsesCodec { get; }

    internal int Ranks { get; }

    internal int Spares { get; }

    internal int MinRanks { get; }

    internal int TrainSteps { get; }

    internal int CheckpointEvery { get; }

    internal int Granularity { get; }

    internal int Jobs { get; }

    /// <summary>Milliseconds from one fault to the next, on average.</summary>
    internal int Gap { get; }

    /// <summary>When the last one happens and all networks and disks are well again.</summary>
    internal int End { get; }

    /// <summary>Milliseconds from one look of an observer to the next, on average; 0 if nobody looks.</summary>
    internal int LookEvery { get; }

    /// <summary>Whether ranks say what their transfers were like.</summary>
    internal bool ReportsHops { get; }

    /// <summary>Committed TrainingCheckpoints go bad, the newest first.</summary>
    internal int Damage { get; }

    /// <summary>Parts of states go bad in a memory.</summary>
    internal int DamageReplica { get; }

    /// <summary>How often a rank takes a whole TrainingCheckpoint for a damaged one.</summary>
    internal double Misread { get; }

    /// <summary>Whether the log is compacted whenever a coordinator starts.</summary>
    internal bool Compacts { get; }
}
