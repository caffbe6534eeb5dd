using ActorRing.Actors.Ids;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Data;
using ActorRing.Compute.Inference;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Specs.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Inference;

/// <summary>A tiny model with random weights, the same on every rank, on a device of its own.</summary>
internal sealed class InferenceProblem : IDisposable
{
    internal InferenceProblem(LlamaConfig config, double weightDeviation = 0.25, ElementType type = ElementType.Float32)
    {
        Config = config;
        Device = NativeBackend.LoadCpu().Open(1);
        Parameters = new Parameters(Device, ModelDims.Of(config), type);
        Initialization.Fill(Parameters, seed: 3, weightDeviation);
    }

    internal LlamaConfig Config { get; }

    internal ComputeDevice Device { get; }

    internal Parameters Parameters { get; }

    internal static int[] Tokens(int count, int vocabulary = 37)
    {
        var random = new Random(9);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
    }

    internal InferenceModel Model(InferenceCapacity capacity, InferenceSeat? seat = null) => new(Parameters, Config, capacity, seat);

    /// <summary>Logits <c>[S, V]</c> of the model that trains.</summary>
    internal float[] TrainingLogits(int[] ids, long sink = 0)
    {
        using var model = Trainer(ids, [.. ids], [0], sink);
        return model.Logits();
    }

    /// <summary>Loss of the model that trains.</summary>
    internal LossSum TrainingLoss(int[] ids, int[] labels, long[] documentStarts)
    {
        using var model = Trainer(ids, labels, documentStarts, sink: 0);
        return model.Loss();
    }

    /// <summary>Runs a body on each of some ranks that share sequences, as threads.</summary>
    internal static void OnRanks(LlamaConfig config, string mode, int ranks, InferenceCapacity capacity, Action<int, InferenceModel, InferenceSeat> body)
    {
        var meeting = new InMemoryRendezvous();
        RankThreads.Run(ranks, rank =>
        {
            using var problem = new InferenceProblem(config);
            using var links = RankLinks.Connect(meeting, new SequenceRank(rank), ranks);
            using var all = Communicator.Connect(
                new CommunicatorOptions { Transport = TransportKind.Loopback, Name = "all", Secret = new byte[32], Deadline = TimeSpan.FromSeconds(60) }, rank, ranks, 1, meeting);
            var seat = new InferenceSeat(mode, new SequenceRank(rank), ranks, links.Links, all);
            using var model = problem.Model(capacity, seat);
            body(rank, model, seat);
        });
    }

    internal static float[] Logits(InferenceModel model)
    {
        var logits = new float[model.Vocabulary];
        model.ReadLogits(logits);
        return logits;
    }

    public void Dispose()
    {
        Parameters.Dispose();
        Device.Dispose();
    }

    private LlamaModel Trainer(int[] ids, int[] labels, long[] documentStarts, long sink)
    {
        var model = new LlamaModel(Parameters, new LocalAttention(Device, sink), RecomputePolicy.None, 1, ids.Length);
        model.SetRotary(Config);
        var batch = new Batch(1, ids.Length);
        batch.SetRow(0, ids, labels, [.. documentStarts, ids.Length]);
        model.Load(batch);
        model.Forward();
        return model;
    }
}
