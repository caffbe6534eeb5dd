using System.Diagnostics;
using System.Globalization;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench join</c> prints: many members of one machine come at once, and a job takes them all.</summary>
/// <param name="Engine">What they meet in.</param>
/// <param name="Members">Processes.</param>
/// <param name="AtOnce">So many of them start at the same time; the next when one has joined.</param>
/// <param name="JoinedMs">From the start of the first process until the seed has let in all.</param>
/// <param name="WithTensorLibrary">How many of them have a tensor library in memory then.</param>
/// <param name="MemberMiB">Resident memory of a member then, the median.</param>
/// <param name="RingMs">From the submission of a job with a rank for each until they have agreed on its plan and all ranks train.</param>
/// <param name="FirstUpdateMs">From the submission until its first update is committed.</param>
internal sealed record JoinRow(string Engine, int Members, int AtOnce, double JoinedMs, int WithTensorLibrary, double MemberMiB, double RingMs, double FirstUpdateMs);

/// <summary>How long it takes until many members are one ring. They compute nothing: no machine has so many GPUs, and two cores would take minutes.</summary>
internal static class JoinBench
{
    private const int TokensOfRank = 4;
    private const long LongJob = 1_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly string[] TensorLibraries = ["libar_cpu", "libar_torch", "libtorch"];

    internal static async Task<JoinRow> RunAsync(int members, int atOnce, string engine, CancellationToken stop)
    {
        using var folder = new TemporaryFolder();
        var place = ClusterPlace.Of(Path.Combine(folder.Path, "state"), engine);
        var (program, host) = OwnProgram.Command;
        var processes = new List<MemberProcess>();
        try
        {
            processes.Add(MemberProcess.Start(program, [.. host, "seed", "--state", place.Folder, "--engine", engine]));
            await BenchCluster.UntilAsync(() => Task.FromResult(place.HasListened), "the seed did not come up", Patience);
            await using var link = await ConsoleLink.ConnectAsync(place, stop);
            var started = Stopwatch.GetTimestamp();
            for (var member = 0; member < members; member++)
            {
                await JoinedAsync(link, member + 1 - atOnce, stop);
                processes.Add(MemberProcess.Start(program, [.. host, "member", "--hollow", "--state", place.Folder, "--engine", engine, "--name", string.Create(CultureInfo.InvariantCulture, $"rank-{member}")]));
            }

            await JoinedAsync(link, members, stop);
            var joinedMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            int[] ids = [.. processes.Skip(1).Select(process => process.Id)];
            var withLibrary = ids.Count(id => ProcessMemory.MappingsOf(id).Any(mapped => TensorLibraries.Any(library => mapped.Name.StartsWith(library, StringComparison.Ordinal))));
            long[] resident = [.. ids.Select(ProcessMemory.ResidentBytesOf).Order()];
            var (ring, first) = await TrainAsync(link, folder.Path, members, stop);
            return new JoinRow(
                engine, members, atOnce, BenchJson.Round(joinedMs, 0), withLibrary, BenchJson.Round(resident[members / 2] / (double)(1 << 20), 1), BenchJson.Round(ring, 0), BenchJson.Round(first, 0));
        }
        finally
        {
            foreach (var process in Enumerable.Reverse(processes))
            {
                await process.DisposeAsync(); // killed: there is nothing to keep
            }
        }
    }

    private static Task JoinedAsync(ConsoleLink link, int members, CancellationToken stop) => BenchCluster.UntilAsync(
        () =>
        {
            stop.ThrowIfCancellationRequested();
            return Task.FromResult(link.View.Members.Count(one => one.IsUp && Roles.Of(one.Member).Role == Role.Member) >= members);
        },
        "not all members joined", Patience);

    private static async Task<(double RingMs, double FirstUpdateMs)> TrainAsync(ConsoleLink link, string folder, int members, CancellationToken stop)
    {
        var file = SmallJob.Write(folder, "join", TokensOfRank * members, LongJob, checkpointEvery: 10_000, export: false);
        var spec = JobIntake.Resolve(file, ["--parallelism.ranks", members.ToString(CultureInfo.InvariantCulture)], replacesModel: false).ToSpec();
        var submitted = Stopwatch.GetTimestamp();
        var job = await link.SubmitAsync(spec, ConsoleLink.NewKey(), stop);
        await BenchCluster.UntilAsync(async () => (await JobWatch.RingAsync(link, stop)).Phase == EpochPhase.Training || (await JobWatch.FindAsync(link, job, stop)).StepsCommitted > 0, "no ring was formed", Patience);
        var ring = Stopwatch.GetElapsedTime(submitted).TotalMilliseconds;
        await BenchCluster.UntilAsync(async () => (await JobWatch.FindAsync(link, job, stop)).StepsCommitted > 0, "no update was committed", Patience);
        return (ring, Stopwatch.GetElapsedTime(submitted).TotalMilliseconds);
    }
}
