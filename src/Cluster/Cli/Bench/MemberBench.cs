using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench member</c> prints: memory of a member process that has joined a cluster and has no job, in MiB.</summary>
/// <param name="Resident">All of it.</param>
/// <param name="Anonymous">Heaps and stacks.</param>
/// <param name="Files">Programs and libraries.</param>
/// <param name="Shared">Compiled code.</param>
/// <param name="Largest">The mappings that take most.</param>
internal sealed record MemberRow(double Resident, double Anonymous, double Files, double Shared, IReadOnlyList<MappedFile> Largest);

/// <summary>One file's share.</summary>
/// <param name="Name">Of the mapping; empty for heaps.</param>
/// <param name="Resident">In MiB.</param>
internal sealed record MappedFile(string Name, double Resident);

/// <summary>What a member costs before it has anything to do.</summary>
internal static class MemberBench
{
    private const int Shown = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    internal static async Task<MemberRow> RunAsync()
    {
        using var folder = new TemporaryFolder();
        var place = new ClusterPlace(Path.Combine(folder.Path, "state"));
        var (program, host) = OwnProgram.Command;
        await using var seed = MemberProcess.Start(program, [.. host, "seed", "--state", place.Folder]);
        await BenchCluster.UntilAsync(() => Task.FromResult(File.Exists(Path.Combine(place.Folder, "seed.sock"))), "the seed did not come up");
        await using var member = MemberProcess.Start(program, [.. host, "member", "--state", place.Folder, "--name", "rank-0"]);
        await using var link = await ConsoleLink.ConnectAsync(place, default);
        await BenchCluster.UntilAsync(() => Task.FromResult(link.View.Find("rank-0") is { IsUp: true }), "the member did not join");
        await Task.Delay(TimeSpan.FromSeconds(2)); // a few heartbeats, and what they make the runtime compile
        var row = Of(member.Id);
        await member.DrainAsync(Patience);
        await seed.DrainAsync(Patience);
        return row;
    }

    private static MemberRow Of(int process) => new(
        MiB(ProcessMemory.FieldOf(process, "VmRSS:")), MiB(ProcessMemory.FieldOf(process, "RssAnon:")), MiB(ProcessMemory.FieldOf(process, "RssFile:")),
        MiB(ProcessMemory.FieldOf(process, "RssShmem:")), [.. ProcessMemory.MappingsOf(process).Take(Shown).Select(one => new MappedFile(one.Name, MiB(one.Bytes)))]);

    private static double MiB(long bytes) => BenchJson.Round(bytes / (double)(1 << 20), 1);
}
