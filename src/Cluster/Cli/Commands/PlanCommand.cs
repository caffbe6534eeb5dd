using System.CommandLine;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Compute.Model;
using ActorRing.Compute.Training;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring plan JOB.conf</c>: what each stage would take, without taking it.</summary>
internal static class PlanCommand
{
    internal static Command Create()
    {
        var job = new Argument<string>("job") { Description = "A job file." };
        var json = new Option<bool>("--json") { Description = "Print JSON only." };
        var command = new Command("plan", "Checks a job and prints each stage's memory. Example: actorring plan hocon/jobs/tiny.conf") { job, json };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(result =>
        {
            var settings = JobFile.Load(result.GetValue(job)!, [.. result.UnmatchedTokens]);
            using var model = JobModel.Open(settings.Model);
            using var device = JobDevice.Open(settings.Compute);
            var dims = ModelDims.Of(model.Config);
            var type = JobDevice.TypeOf(settings.Compute);
            var policy = JobFile.PolicyOf(settings);
            var plans = settings.Stages.Select(stage => (stage.Name, Plan: MemoryPlan.Of(device, dims, type, policy, stage.BatchSize, stage.SeqLen))).ToList();
            Console.WriteLine(result.GetValue(json)
                ? BenchJson.Of(plans.Select(stage => new { stage.Name, stage.Plan, TotalBytes = stage.Plan.Total }))
                : string.Join('\n', plans.Select(stage => $"stage {stage.Name}: {MemoryText.Of(stage.Plan)}")));
        });
        return command;
    }
}
