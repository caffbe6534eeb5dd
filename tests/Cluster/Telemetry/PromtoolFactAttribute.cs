namespace ActorRing.Cluster.Specs.Telemetry;

/// <summary>Runs where Prometheus' own checker is installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PromtoolFactAttribute : FactAttribute
{
    public PromtoolFactAttribute() => Skip = Path is null ? "promtool is missing (Debian: apt install prometheus): metrics were checked by these specs' own parser only" : null!;

    internal static string? Path =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Where(folder => folder.Length > 0).Select(folder => System.IO.Path.Combine(folder, "promtool")).FirstOrDefault(File.Exists);
}
