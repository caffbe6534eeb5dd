using System.CommandLine;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Work;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Training;
using ActorRing.Compute.Training.Guards;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring train JOB.conf</c>: every stage in one process, then a Hugging Face folder.</summary>
internal static class TrainCommand
{
    // Numbers of Linux, which an IOException has as its HResult.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    internal static Command Create()
    {
        var job = new Argument<string>("job") { Description = "A job file, for example hocon/jobs/tiny.conf." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the model that an earlier run left in the output folder." };
        var command = new Command("train", "Trains in one process. Any key of the job can follow: --stages.0.steps 50. Example: actorring train hocon/jobs/tiny.conf") { job, overwrite };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(result =>
        {
            using var signal = StopSignal.KeepingWhatIsDone();
            return Run(result.GetValue(job)!, [.. result.UnmatchedTokens], result.GetValue(overwrite), signal.Token);
        });
        return command;
    }

    private static int Run(string path, IReadOnlyList<string> overrides, bool overwrite, CancellationToken stop)
    {
        var job = JobFile.Load(path, overrides);
        if (job.Guards.NonFinite == NonFinitePolicy.RollBack)
        {
            throw new UsageException("guards.non_finite is 'rollback', and train keeps no TrainingCheckpoint to go back to; allowed: stop, retry, skip, or the job on a cluster (submit-training)");
        }

        var modelFolder = Path.Combine(job.Output, "model");
        if (job.Checkpoint.Export && Directory.Exists(modelFolder) && !overwrite)
        {
            throw new UsageException($"{modelFolder}: exists already; allowed: --overwrite, or another --job.output");
        }

        using var model = JobModel.Open(job.Model);
        using var device = JobDevice.Open(job.Compute);
        JobMemory.Require(job, model.Config, device);
        OutputFolder.Prepare(job.Output, path);
        using var parameters = model.CreateParameters(device, JobDevice.TypeOf(job.Compute));

        var corpus = model.Corpus(Path.Combine(job.Output, "data"));
        var stages = job.Stages.Select(stage => JobFile.StageOf(stage, corpus)).ToArray();
        using var log = new TrainingLog(job.Output, parameters.Dims, stages.Sum(stage => stage.Schedule.Steps), job.Training.LogEvery);
        log.Line($"{job.Name}: {parameters.Layout.Count / 1e6:F2} M parameters on {device.Info.Name} ({device.BackendName}), recompute {JobFile.PolicyOf(job)}");

        var trainer = new Trainer(parameters, JobFile.OptimizerOf(job), JobFile.PolicyOf(job), job.Guards, log);
        var trained = trainer.Run(model.Config, stages, stop);
        if (job.Checkpoint.Export && trainer.StepsDone > 0)
        {
            var options = model.Export with { Replace = overwrite };
            Export(modelFolder, () => ModelWeights.Export(modelFolder, trained, parameters, options), log, stop);
            log.Line($"wrote {modelFolder} (a Hugging Face folder) after {trainer.StepsDone} steps");
        }

        if (!stop.IsCancellationRequested)
        {
            return 0;
        }

        log.Line($"stopped after {trainer.StepsDone} steps");
        return CommandLine.Interrupted;
    }

    // The weights are in this process's memory alone, and hours may be in them: room for them is waited for. A stop that came during training asks to keep them.
    private static void Export(string folder, Action write, TrainingLog log, CancellationToken stop)
    {
        var giveUp = stop.IsCancellationRequested ? CancellationToken.None : stop;
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                write();
                return;
            }
            catch (IOException fault) when (fault.HResult is NoSpace or QuotaExceeded && !giveUp.IsCancellationRequested)
            {
                if (isFirst)
                {
                    log.Line($"{folder}: the model is not written yet: {fault.Message}; tried again every second until there is room, ctrl-c gives it up");
                }

                giveUp.WaitHandle.WaitOne(TimeSpan.FromSeconds(1));
            }
            catch (IOException fault)
            {
                throw new IOException($"{folder}: the model was not written: {fault.Message}", fault);
            }
        }
    }
}
