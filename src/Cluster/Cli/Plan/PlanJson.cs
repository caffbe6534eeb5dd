using ActorRing.Actors.Plans.Cost;
using ActorRing.Cluster.Cli.Bench;

namespace ActorRing.Cluster.Cli.Plan;

/// <summary>A planner's answer for programs.</summary>
internal static class PlanJson
{
    internal static string Of(NamedRequest named, PlanAnswer answer)
    {
        var request = named.Request;
        return BenchJson.Of(new
        {
            Name = named.Name,
            request.Model.Parameters,
            request.Gpus,
            Gpu = request.Hardware.Name,
            Link = request.Links.Inside.Name,
            Between = request.Links.Between.Name,
            request.Tokens,
            request.Batch,
            request.Accumulation,
            Fits = answer.Chosen is not null,
            Chosen = answer.Chosen is { } chosen ? Candidate(request, chosen) : null,
            Overflow = answer.Nearest is { } nearest ? Overflow(nearest) : null,
            Modes = answer.Modes.Select(outcome => new
            {
                Mode = CostModes.NameOf(outcome.Mode),
                Problem = outcome.Best is null ? outcome.Problem : null,
                Best = outcome.Best is { } best ? Candidate(request, best) : null,
            }),
            answer.Explanation,
            Changes = answer.Changes.Select(change => new { Change = change.Description, Result = Candidate(request, change.Result) }),
        });
    }

    private static object Candidate(PlanRequest request, PlanCandidate candidate) => new
    {
        Mode = CostModes.NameOf(candidate.Setting.Mode),
        candidate.Setting.DataParallel,
        candidate.Setting.HeadParallel,
        candidate.Setting.ContextParallel,
        candidate.Setting.InnerWindow,
        Zero = candidate.Setting.ZeroStage,
        Recompute = CostModes.NameOf(candidate.Setting.Recompute),
        Offload = candidate.Setting.Offload.Name,
        candidate.Setting.Batch,
        candidate.Setting.Accumulation,
        candidate.Fit.Fits,
        MemoryBytes = candidate.Memory.DeviceBytes,
        candidate.Memory.HostBytes,
        AvailableBytes = request.Hardware.UsableBytes,
        Memory = candidate.Memory.Device.Concat(candidate.Memory.Host).Select(part => new { Part = part.Name, part.Bytes }),
        TokensPerSecond = BenchJson.Round(candidate.Time.TokensPerSecond, 1),
        MfuCausal = BenchJson.Round(candidate.Time.CausalMfu, 4),
        MfuFull = BenchJson.Round(candidate.Time.FullMfu, 4),
        UpdateSeconds = candidate.Time.Total,
        Time = PlanReport.Times(candidate.Time).Select(part => new { Part = part.Key, Seconds = part.Value }),
        candidate.Time.HopSeconds,
        candidate.Time.RingStepSeconds,
        HopsPerUpdate = candidate.HopsPerUpdate(request.Model),
        BytesPerUpdate = candidate.ExchangeBytesPerUpdate(request.Model),
        LayerForwardBytes = candidate.Traffic.ForwardBytes,
        LayerBackwardBytes = candidate.Traffic.BackwardBytes,
        candidate.Traffic.KvBlockBytes,
        candidate.Traffic.KvGradientBytes,
        candidate.Traffic.BetweenNodesBytes,
    };

    private static object? Overflow(PlanCandidate nearest) => nearest.Fit.Overflow is not { } part
        ? null
        : new { Mode = CostModes.NameOf(nearest.Setting.Mode), Part = part.Name, part.Bytes, nearest.Fit.LeftBytes, nearest.Fit.AvailableBytes, nearest.Fit.NeededBytes };
}
