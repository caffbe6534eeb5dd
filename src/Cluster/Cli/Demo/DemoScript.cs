using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Work;
using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Cli.Demo;

/// <summary>The demo from the first line to the last.</summary>
internal sealed class DemoScript(DemoPlan plan, CancellationToken stop)
{
    private const string Marker = "demo.json";

    // It leaves 20 MB and holds one TrainingCheckpoint more in between. A job whose disk is full waits for room; nobody who watches a demo should have to find that out.
    private const long RoomBytes = 64 << 20;

    // Lengths tested, in contexts of the base model, beside that context itself.
    private static readonly int[] Multiples = [4, 8, 16];

    private static readonly double[] Depths = [0, 30, 60, 90];

    /// <summary>Runs it.</summary>
    /// <param name="verifies">Whether an undisturbed run is compared.</param>
    /// <exception cref="UsageException">It cannot be run here; one line says why, and nothing was written.</exception>
    internal async Task<DemoFigures> RunAsync(bool verifies)
    {
        var clock = Stopwatch.StartNew();
        var texts = plan.Texts(heldOut: true);
        var (job, baseTokens) = Prepare();
        var lastStage = job.Settings.Stages[^1];

        Say("check", "what one process makes of the first update");
        var alone = DemoParity.AloneLoss(job);

        var training = Stopwatch.StartNew();
        var steps = job.Settings.Stages.Sum(stage => (long)stage.Steps);
        var kill = (Rank: Math.Min(2, plan.Ranks - 1), Step: Math.Max(2, steps * 3 / 5));
        var run = new DemoRun(plan.Ranks);
        await DemoCluster.TrainAsync(job, kill, run, stop);
        training.Stop();
        var together = run.Steps.First(step => step.Step == 1).Loss;
        var error = Math.Abs(together - alone) / Math.Abs(alone);
        Say("check", F($"{plan.Ranks}-rank loss {together:F6} = 1-process loss {alone:F6} (relative difference {error:E1})  {(error <= DemoFigures.MostParityError ? "PASS" : "FAIL")}"));
        Say("lost", F($"rank {kill.Rank} in update {kill.Step}: all ranks train again after {run.SecondsToResume:F1} s, the first new update is there after {run.SecondsToNewStep:F1} s"));
        bool? isBitEqual = verifies ? await IsBitEqualAsync() : null;

        int[] lengths = [baseTokens, .. Multiples.Select(times => times * baseTokens).Where(length => length <= lastStage.SeqLen)];
        var test = new NeedleOptions(lengths, Depths, plan.Samples, DemoPlan.Digits, DemoPlan.Distractors, plan.Seed + 77_000_000, City: null);
        var model = Path.Combine(plan.Training("train"), "model");
        DemoMap[] maps =
        [
            Map("before: the base model", DemoPlan.BaseModel, null, texts, test),
            Map(F($"rotary base raised to {lastStage.RopeTheta:0.##}, no training"), DemoPlan.BaseModel, lastStage.RopeTheta, texts, test),
            Map("after: trained", model, null, texts, test with { Lengths = [.. lengths, 2 * lengths[^1]] }),
        ];
        var (from, to) = (4 * baseTokens, lastStage.SeqLen);
        var figures = new DemoFigures(
            plan.Ranks, plan.Mode, plan.Seed, baseTokens, to, alone, together, error, run.SecondsToResume, run.SecondsToNewStep, isBitEqual,
            maps[0].Mean(from, to), maps[1].Mean(from, to), maps[2].Mean(from, to), maps[2].LongestWith(0.8), training.Elapsed.TotalSeconds, clock.Elapsed.TotalSeconds);
        Say("needle", F($"{from} to {to} tokens, {DemoPlan.Distractors} distractors: before {figures.ScoreBefore:P0}, rotary base alone {figures.ScoreThetaAlone:P0}, after {figures.ScoreAfter:P0}; 80 % and more up to {figures.LongestLength} tokens"));
        DemoReport.Write(plan, figures, run, maps);
        return figures;
    }

    private static string F(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Say(string what, string text) => Console.WriteLine($"{what,-8} {text}");

    // An earlier demo's folder is replaced; any other folder is not touched.
    private (ResolvedJob Job, int BaseTokens) Prepare()
    {
        if (Directory.Exists(plan.Folder) && Directory.EnumerateFileSystemEntries(plan.Folder).Any())
        {
            if (!File.Exists(Path.Combine(plan.Folder, Marker)))
            {
                throw new UsageException($"--out is {plan.Folder}, which holds something else than a demo; allowed: a new folder, or an earlier demo's");
            }

            Directory.Delete(plan.Folder, recursive: true);
        }

        OutputFolder.Make("--out", plan.Folder);
        var free = new DriveInfo(plan.Folder).AvailableFreeSpace;
        if (free < RoomBytes)
        {
            Directory.Delete(plan.Folder);
            throw new UsageException($"--out is {plan.Folder}, where {MemoryText.Size(free)} are free; allowed: {MemoryText.Size(RoomBytes)} and more");
        }

        File.WriteAllText(Path.Combine(plan.Folder, Marker), "{}\n");
        var settings = JobFile.Load(DemoPlan.JobFile, plan.Overrides("train"));
        using var model = HfModelFolder.Open(DemoPlan.BaseModel);
        Say("model", F($"{model.Config.MaxPositionEmbeddings} tokens of context; {plan.Ranks} rank processes, {plan.Mode}, stages of {string.Join(", ", settings.Stages.Select(stage => stage.SeqLen))} tokens"));
        DemoData.Write(plan, settings, JobModel.TokenizerOf(null, DemoPlan.BaseModel).Tokenizer!, stop);
        return (JobIntake.Resolve(DemoPlan.JobFile, plan.Overrides("train"), replacesModel: false), model.Config.MaxPositionEmbeddings);
    }

    private async Task<bool> IsBitEqualAsync()
    {
        Say("verify", "the same once more, undisturbed");
        var job = JobIntake.Resolve(DemoPlan.JobFile, plan.Overrides("undisturbed"), replacesModel: false);
        await DemoCluster.TrainAsync(job, kill: null, new DemoRun(plan.Ranks), stop);
        var isEqual = WeightsOf("train").SequenceEqual(WeightsOf("undisturbed"));
        Say("verify", isEqual ? "weights are bit-equal  PASS" : "weights differ  FAIL");
        return isEqual;
    }

    private byte[] WeightsOf(string run) => SHA256.HashData(File.ReadAllBytes(Path.Combine(plan.Training(run), "model", "model.safetensors")));

    private DemoMap Map(string title, string model, double? ropeTheta, IReadOnlyList<string> texts, NeedleOptions test)
    {
        var map = DemoMaps.Make(title, model, ropeTheta, texts, test, _ => { }, stop);
        Say("needle", F($"{title}: {string.Join("  ", map.Cells.GroupBy(cell => cell.ContextLength).Select(length => F($"{length.Key}: {length.Average(cell => cell.Score):P0}")))}"));
        return map;
    }
}
