using ActorRing.Actors.Ids;
using ActorRing.Compute.Data;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Specs.Data;
using ActorRing.Compute.Specs.Model;
using ActorRing.Compute.Training;
using ActorRing.Compute.Training.Guards;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Training;

/// <summary>Data that a job leaves out: which are, and that updates learn from those that follow.</summary>
public class SkippedDataSpec
{
    private const int Tokens = 5;

    // Windows of updates, the update in a stage of updates 10 to 29, and how far its data are shifted.
    [Theory]
    [InlineData("", 15, 0)]
    [InlineData("12-15", 11, 0)]
    [InlineData("12-15", 12, 3)]
    [InlineData("12-15", 29, 3)]
    [InlineData("12-15 12-14", 12, 5)]
    [InlineData("12-15 20-21 11-13", 20, 6)]
    [InlineData("5-8", 15, 0)]
    [InlineData("5-12", 15, 2)]
    [InlineData("28-33", 28, 2)]
    [InlineData("30-33", 29, 0)]
    public void Window_must_shift_the_data_behind_it_by_what_it_has_in_common_with_the_stage(string windows, long step, long shift) =>
        Assert.Equal(shift, SkippedWindow.Before([.. windows.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)], new TrainStep(step), 10, 30));

    [Fact]
    public void Job_must_learn_from_the_data_behind_a_window_with_the_learning_rates_of_its_own_updates()
    {
        using var folder = new DataFolder();
        using var device = NativeBackend.LoadCpu().Open(1);
        var data = new StageData([folder.Pack("p.tokens", 37)], new CorpusOptions(37, folder.Cache), DocumentMask: false);
        TrainingStage[] stages = [Stage(3, seed: 1), Stage(2, seed: 2)];
        var skipped = Train([new(1, 4)]);

        // The window leaves out two updates' data of the first stage and one's of the second.
        Assert.Equal(TrainOn([0, 3, 4], [1, 2]), skipped);
        Assert.Equal(TrainOn([0, 1, 2], [0, 1]), Train([]));
        Assert.NotEqual(Train([]), skipped);

        TrainingStage Stage(long steps, long seed) => new("s", Tokens, 1, 1, new LearningRateSchedule(1e-2, LearningRateDecay.Linear, 1, steps, 0.1), null, seed, data);

        int[] Train(SkippedWindow[] windows)
        {
            using var rig = new Rig(device);
            using var trainer = new RankTrainer(
                rig.State, rig.Gradients, RecomputePolicy.None, new GuardOptions(), TinyModels.Llama(), stages, windows, new Progress<CorpusProgress>(),
                _ => StageSeat.Alone(device, Tokens), _ => { });
            for (var step = 0; step < 5; step++)
            {
                trainer.Run(new TrainStep(step));
            }

            return rig.Bits();
        }

        int[] TrainOn(params int[][] places)
        {
            using var rig = new Rig(device);
            using var corpus = TokenizedCorpus.Open(data.Patterns, data.Corpus);
            var step = 0;
            foreach (var (stage, its) in stages.Zip(places))
            {
                using var run = new StageRun(
                    rig.State, rig.Gradients, RecomputePolicy.None, new GuardOptions(), TinyModels.Llama(), stage, corpus, StageSeat.Alone(device, Tokens), _ => { });
                for (var inStage = 0; inStage < its.Length; inStage++)
                {
                    run.Run(new TrainStep(step++), inStage, its[inStage]);
                }
            }

            return rig.Bits();
        }
    }

    private static SkippedWindow Parse(string window) => window.Split('-') is [var from, var to] ? new(long.Parse(from, null), long.Parse(to, null)) : throw new ArgumentException(window);

    private sealed class Rig : IDisposable
    {
        private readonly ModelProblem _problem;
        private readonly AdamW _optimizer;

        internal Rig(ComputeDevice device)
        {
            _problem = new ModelProblem(device, TinyModels.Llama(), RecomputePolicy.None, batch: 1, Tokens);
            _optimizer = new AdamW(_problem.Parameters, new AdamWOptions());
            State = new TrainingState(_problem.Parameters, _optimizer, new SingleRank());
        }

        internal TrainingState State { get; }

        internal Gradients Gradients => _problem.Gradients;

        public void Dispose()
        {
            _optimizer.Dispose();
            _problem.Dispose();
        }

        internal int[] Bits()
        {
            var bits = new int[State.Parameters.Master.Flat.Count];
            State.Parameters.Device.Read<int>(State.Parameters.Master.Flat, bits);
            return bits;
        }
    }
}
