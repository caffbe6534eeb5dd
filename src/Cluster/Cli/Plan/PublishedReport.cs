using System.Globalization;
using ActorRing.Actors.Plans.Cost;
using ActorRing.Cluster.Cli.Bench;

namespace ActorRing.Cluster.Cli.Plan;

/// <summary>The cost model beside published runs.</summary>
internal static class PublishedReport
{
    internal static string Text(IReadOnlyList<PublishedCheck> checks)
    {
        var text = new List<string>();
        text.Add("system               row                                      role          published   predicted   ratio  within 25 %   kernels alone");
        foreach (var check in checks)
        {
            text.Add(Line(
                $"{check.Run.System,-20} {check.Run.Row,-40} {RoleOf(check.Run.Role),-12} {check.Run.TokensPerSecond,10:F0} {check.Time.TokensPerSecond,11:F0} {check.Ratio,7:F2}  {(check.Within ? "yes" : "no"),-12} {check.KernelRatio,14:F2}"));
        }

        text.Add("");
        text.Add(Line(
            $"tokens/s of all GPUs. One set of constants: data sheets, public kernel benchmarks, and one sustained share of them, {HardwareProfile.SustainedFraction:F2}, from the rows that calibrate (their geometric mean: {PublishedCheck.SustainedByOthers(checks):F3});"));
        text.Add("rows that are held took no part in any constant. Kernels alone: the ratio without the sustained share.");
        foreach (var check in checks.Where(check => check.Remark.Length > 0))
        {
            text.Add($"{check.Run.System}, {check.Run.Row}: {check.Remark}");
        }

        foreach (var group in checks.GroupBy(check => (check.Run.System, check.Run.Assumed)).Where(group => group.Key.Assumed != "nothing"))
        {
            text.Add($"assumed of {group.Key.System}, {string.Join("; ", group.Select(check => check.Run.Row))}: {group.Key.Assumed}");
        }

        return string.Join('\n', text);
    }

    internal static string Json(IReadOnlyList<PublishedCheck> checks) => BenchJson.Of(checks.Select(check => new
    {
        check.Run.System,
        check.Run.Row,
        Role = RoleOf(check.Run.Role),
        Mode = CostModes.NameOf(check.Run.Setting.Mode),
        Gpu = check.Run.Hardware.Name,
        check.Run.Setting.Gpus,
        check.Run.Setting.Tokens,
        check.Run.Setting.Accumulation,
        PublishedTokensPerSecond = check.Run.TokensPerSecond,
        PredictedTokensPerSecond = BenchJson.Round(check.Time.TokensPerSecond, 1),
        Ratio = BenchJson.Round(check.Ratio, 4),
        KernelRatio = BenchJson.Round(check.KernelRatio, 4),
        check.Within,
        PublishedMfuCausal = BenchJson.Round(check.PublishedMfu, 4),
        PredictedMfuCausal = BenchJson.Round(check.Time.CausalMfu, 4),
        check.Remark,
        check.Run.Assumed,
        Time = PlanReport.Times(check.Time).Select(part => new { Part = part.Key, Seconds = part.Value }),
    }));

    private static string RoleOf(PublishedRole role) => role switch
    {
        PublishedRole.Held => "held",
        PublishedRole.Calibrates => "calibrates",
        _ => "information",
    };

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
