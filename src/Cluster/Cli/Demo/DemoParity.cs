using ActorRing.Actors.Ids;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Member.Work;
using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Training;

namespace ActorRing.Cluster.Cli.Demo;

/// <summary>What one process makes of a job's first update: the figure that several ranks have to meet.</summary>
internal static class DemoParity
{
    /// <summary>Loss before the first update, whole rows in one process.</summary>
    internal static double AloneLoss(ResolvedJob job)
    {
        var settings = job.Settings;
        using var model = JobModel.Open(settings.Model);
        using var device = JobDevice.Open(settings.Compute);
        using var parameters = model.CreateParameters(device, JobDevice.TypeOf(settings.Compute));
        using var gradients = new Gradients(parameters);
        using var optimizer = new AdamW(parameters, JobFile.OptimizerOf(settings));
        var corpus = model.Corpus(Path.Combine(settings.Output, "data"));
        var stages = settings.Stages.Select(stage => JobFile.StageOf(stage, corpus)).ToArray();
        using var trainer = new RankTrainer(
            new TrainingState(parameters, optimizer, new SingleRank()), gradients, JobFile.PolicyOf(settings), settings.Guards, model.Config, stages, [], new Progress<Compute.Data.CorpusProgress>(),
            stage => StageSeat.Alone(device, stages[stage].Tokens), _ => { });
        return trainer.Run(new TrainStep(0)).Loss;
    }
}
