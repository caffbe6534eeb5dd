using System.Globalization;
using ActorRing.Actors.Plans.Cost;

namespace ActorRing.Cluster.Cli.Plan;

/// <summary>A planner's answer as people read it.</summary>
internal static class PlanReport
{
    internal static string Of(NamedRequest named, PlanAnswer answer)
    {
        var request = named.Request;
        var text = new List<string>();
        text.Add(Line(
            $"{named.Name}, {request.Model.Parameters / 1e9:F2} billion parameters, {request.Tokens} tokens, batch {request.Batch} x accumulation {request.Accumulation}, {(request.Types.Compute == 2 ? "bfloat16" : "float32")}"));
        text.Add(Line($"on {request.Gpus} x {request.Hardware.Name}, {request.Hardware.PeakOf(request.Types.Compute) / 1e12:G4} TFLOP/s, {MemoryText.Size(request.Hardware.UsableBytes)} of {MemoryText.Size(request.Hardware.MemoryBytes)} usable, {Links(request)}"));
        text.Add("");
        text.Add("mode           gpus as                  zero recompute   offload               fits   a GPU takes   tokens/s  MFU half  MFU full   exposed  hops/update  bytes/update");
        foreach (var outcome in answer.Modes)
        {
            text.Add(outcome.Best is { } best ? Row(request, best) : $"{CostModes.NameOf(outcome.Mode),-14} -");
        }

        text.Add("");
        if (answer.Chosen is { } chosen)
        {
            text.Add($"chosen: {answer.Explanation[0]}");
            Parts(text, request, chosen);
            foreach (var line in answer.Explanation.Skip(1))
            {
                text.Add($"- {line}");
            }
        }
        else
        {
            Refusal(text, request, answer);
        }

        text.Add("MFU half: model FLOPs 6 N + 6 L N H S a token, causal attention counted half. MFU full: 12 L N H S. Exposed: share of an update spent in transfers that nothing hides.");
        return string.Join('\n', text);
    }

    private static void Refusal(List<string> text, PlanRequest request, PlanAnswer answer)
    {
        if (answer.Nearest is { Fit.Overflow: { } part } nearest)
        {
            text.Add(Line(
                $"nothing fits. Nearest is {CostModes.NameOf(nearest.Setting.Mode)}: {part.Name} need {MemoryText.Size(part.Bytes)}, {MemoryText.Size(nearest.Fit.LeftBytes)} of {MemoryText.Size(nearest.Fit.AvailableBytes)} are left"));
            Parts(text, request, nearest);
        }
        else
        {
            text.Add("nothing is possible:");
            foreach (var line in answer.Explanation)
            {
                text.Add($"- {line}");
            }
        }

        foreach (var (change, index) in answer.Changes.Select((change, index) => (change, index)))
        {
            var result = change.Result;
            text.Add(Line(
                $"  {index + 1}. {change.Description}: {MemoryText.Size(result.Memory.DeviceBytes)} a GPU, {result.Time.TokensPerSecond:F0} tokens/s ({CostModes.NameOf(result.Setting.Mode)}, zero {result.Setting.ZeroStage})"));
        }
    }

    private static void Parts(List<string> text, PlanRequest request, PlanCandidate candidate)
    {
        var memory = candidate.Memory.Device.Concat(candidate.Memory.Host).Where(part => part.Bytes > 0).Select(part => $"{part.Name} {MemoryText.Size(part.Bytes)}");
        text.Add($"  memory: {string.Join(", ", memory)}");
        text.Add($"  time of an update: {string.Join(", ", Times(candidate.Time).Where(part => part.Value > 0).Select(part => $"{part.Key} {Seconds(part.Value)}"))}");
        if (candidate.Setting.SequenceRanks > 1)
        {
            var traffic = candidate.Traffic;
            text.Add(Line(
                $"  a layer sends {Size(traffic.ForwardBytes)} forward and {Size(traffic.BackwardBytes)} backward in {traffic.ForwardHops} + {traffic.BackwardHops} transfers; KV block {Size(traffic.KvBlockBytes)}; {Size(traffic.BetweenNodesBytes)} leave the node; slowest rank busy {Balance.Efficiency(request.Model, candidate.Setting):P1}"));
        }
    }

    /// <summary>The parts of an update's time, by name.</summary>
    internal static IReadOnlyList<KeyValuePair<string, double>> Times(TimeCost time) =>
    [
        new("products", time.Matmul),
        new("attention", time.Attention),
        new("elementwise", time.Elementwise),
        new("exposed exchange", time.ExposedExchange),
        new("exposed shards", time.ExposedShards),
        new("host copies", time.HostCopies),
        new("optimizer", time.Optimizer),
        new("sustained overhead", time.Overhead),
    ];

    /// <summary>How GPUs are cut: data x head x context.</summary>
    internal static string CutOf(ParallelSetting setting) => Line(
        $"{setting.DataParallel} x {setting.HeadParallel} x {setting.ContextParallel}{(setting.Mode == CostMode.DoubleRing ? $" window {setting.InnerWindow}" : "")}");

    private static string Row(PlanRequest request, PlanCandidate best)
    {
        var (setting, time) = (best.Setting, best.Time);
        return Line(
            $"{CostModes.NameOf(setting.Mode),-14} {CutOf(setting),-24} {setting.ZeroStage,4} {CostModes.NameOf(setting.Recompute),-11} {setting.Offload.Name,-21} {(best.Fit.Fits ? "yes" : "no"),-4} {MemoryText.Size(best.Memory.DeviceBytes),13} {time.TokensPerSecond,10:F0} {time.CausalMfu,9:P1} {time.FullMfu,9:P1} {(time.ExposedExchange + time.ExposedShards) / time.Total,9:P1} {best.HopsPerUpdate(request.Model),12} {Size(best.ExchangeBytesPerUpdate(request.Model)),13}");
    }

    private static string Links(PlanRequest request) => request.Links.Spans(request.Gpus) && request.Links.Inside != request.Links.Between
        ? Line($"{request.Links.Inside.Name} {request.Links.Inside.BytesPerSecond / 1e9:F0} GB/s among {request.Links.RanksPerNode}, {request.Links.Between.Name} {request.Links.Between.BytesPerSecond / 1e9:F0} GB/s between nodes")
        : Line($"{request.Links.Inside.Name} {request.Links.Inside.BytesPerSecond / 1e9:F0} GB/s");

    private static string Seconds(double seconds) => seconds >= 1 ? Line($"{seconds:F1} s") : seconds >= 1e-3 ? Line($"{1e3 * seconds:F1} ms") : Line($"{1e6 * seconds:F1} us");

    private static string Size(double bytes) => MemoryText.Size((long)bytes);

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
