using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Rank;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Compute.Data;
using ActorRing.Compute.Model;
using ActorRing.Compute.Training.Guards;

namespace ActorRing.Cluster.Member.Work;

/// <summary>Plays an epoch's beginning once before a member joins: what is compiled then costs no heartbeat later, when other ranks wait.</summary>
internal static class WarmUp
{
    internal static void Run()
    {
        var stage = new StageSettings("warm-up", 64, null, 1, 1, 1, 1, 1, new DataSettings(["x"], SourceFormat.Auto, true, null, null), new LrSchedulerSettings(LrSchedule.Constant, 0, 1));
        var settings = new JobSettings(
            "warm-up", "x", new ModelSettings("x", null, null), new ComputeSettings(ComputeDevice.Cpu, 1, InstructionSet.Auto, ComputeType.Fp32), new TrainingSettings(1, 1),
            new OptimizerSettings(0, 0, 1, 0), RecomputeMode.None, new GuardOptions(),
            new ParallelismSettings(2, 2, "zigzag", 0, 0, "zigzag", 0, GrantGranularity.PerStep, TensorTransport.Shm, TimeSpan.FromSeconds(1)), new CheckpointSettings(false, 1, 1, "x", true), [stage]);
        var dims = new ModelDims { Layers = 1, Width = 32, Heads = 1, KvHeads = 1, HeadSize = 32, MlpWidth = 32, Vocabulary = 8, NormEpsilon = 1, TiedEmbeddings = true };
        var spec = new ResolvedJob(settings, dims, false).ToSpec();
        var planner = new JobPlanner();
        var plan = planner.Plan(spec, 2);
        var self = new MemberId("a", 1);
        var propose = new ProposePlan(1, new(1, 1), new(1), spec, [self, new("b", 1)], plan.Bytes, plan.Hash, 0, [], []);
        MessageCodec.TryDecode(MessageCodec.Encode(propose), out var message);
        var machine = new RankMachine(self, new RankOptions(), planner);
        machine.Handle(new Started(), new Instant(0), new Outbox());
        machine.Handle(new Received(new Sender(new("seed", 1), Role.Coordinator), message!), new Instant(1), new Outbox());
    }
}
