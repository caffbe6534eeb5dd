using System.CommandLine;
using ActorRing.Actors.Plans.Cost;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Plan;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Work;
using ActorRing.Compute.Model;
using ActorRing.Compute.Training;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary>
/// <c>actorring plan JOB</c>: what each stage would take in one process, without taking it. With <c>--gpus</c>: how to spread it over GPUs that nobody has to
/// have, and whether it fits. Exit code 1 where nothing fits.
/// </summary>
internal static class PlanCommand
{
    internal static Command Create()
    {
        var options = new PlanOptions();
        var command = new Command(
            "plan", "Memory and time of a job before it runs. Examples: actorring plan hocon/jobs/tiny.conf; actorring plan --preset llama-2-7b --tokens 700000 --gpus 8 --gpu a100-80g --link nvlink");
        options.AddTo(command);
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(result =>
        {
            options.RefuseUnknown(result);
            if (result.GetValue(options.CheckPublished))
            {
                var checks = PublishedCheck.All();
                Console.WriteLine(result.GetValue(options.Json) ? PublishedReport.Json(checks) : PublishedReport.Text(checks));
                return checks.All(check => check.Within || check.Run.Role != PublishedRole.Held) ? 0 : 1;
            }

            return result.GetValue(options.Gpus) is null ? OneProcess(result, options) : Gpus(result, options);
        });
        return command;
    }

    private static int Gpus(ParseResult result, PlanOptions options)
    {
        var named = new PlanArguments(result, options).Read();
        var answer = Planner.Plan(named.Request);
        Console.WriteLine(result.GetValue(options.Json) ? PlanJson.Of(named, answer) : PlanReport.Of(named, answer));
        return answer.Chosen is null ? 1 : 0;
    }

    private static int OneProcess(ParseResult result, PlanOptions options)
    {
        if (options.NeedingGpus.FirstOrDefault(option => result.GetResult(option) is not null) is { } alone)
        {
            throw new UsageException($"{alone.Name} without --gpus; allowed: beside --gpus N");
        }

        var job = result.GetValue(options.Job) ?? throw new UsageException("nothing to plan; allowed: a job file, or --preset NAME or --model FOLDER with --gpus N");
        var settings = JobFile.Load(job, [.. result.UnmatchedTokens]);
        using var model = JobModel.Open(settings.Model);
        using var device = JobDevice.Open(settings.Compute);
        var dims = ModelDims.Of(model.Config);
        var type = JobDevice.TypeOf(settings.Compute);
        var policy = JobFile.PolicyOf(settings);
        var plans = settings.Stages.Where(stage => stage.Steps > 0).Select(stage => (stage.Name, Plan: MemoryPlan.Of(device, dims, type, policy, stage.BatchSize, stage.SeqLen))).ToList();
        Console.WriteLine(result.GetValue(options.Json)
            ? BenchJson.Of(plans.Select(stage => new { stage.Name, stage.Plan, TotalBytes = stage.Plan.Total }))
            : string.Join('\n', plans.Select(stage => $"stage {stage.Name}: {MemoryText.Of(stage.Plan)}")));
        return 0;
    }
}
