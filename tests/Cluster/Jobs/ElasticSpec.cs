using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Specs.Cli;

namespace ActorRing.Cluster.Specs.Jobs;

/// <summary>Real processes on machines that come and go: a job makes do with what is there, and gets its ranks back.</summary>
[Collection(OneConsole.Name)]
public class ElasticSpec
{
    private const int Steps = 400;

    [Fact]
    public async Task Job_must_keep_its_ranks_and_every_bit_while_a_reserve_stands_in_for_a_lost_machine()
    {
        using var folder = new TrainingFolder();
        await using var cluster = await Machines.StartAsync(folder, "rank-0", "rank-1", "rank-2");
        await using var reserve = ClusterProcess.Start(folder.State, "member", "--name", "reserve", "--reserve");
        await cluster.Seed.AwaitEndAsync(await cluster.Seed.SubmitAsync(folder.Job("calm", Steps, 3, every: 50)));
        var job = await cluster.Seed.SubmitAsync(folder.Job("elastic", Steps, 3, every: 50));
        var whole = await cluster.AwaitWholeAsync(job);
        Assert.Equal(["rank-0", "rank-1", "rank-2"], await cluster.RingAsync());

        Assert.Contains("[reserve]", Assert.Single(CommandRun.Of("cluster", "show", "--state", folder.State).Output.Split('\n'), line => line.StartsWith("ring://reserve@", StringComparison.Ordinal)), StringComparison.Ordinal);

        await cluster.LoseAsync(1);
        await cluster.Seed.AwaitAsync(job, status => (status.Epochs, status.EpochRanks) == (whole.Epochs + 1, 3), "the reserve did not stand in");
        Assert.Equal(["rank-0", "rank-2", "reserve"], await cluster.RingAsync());

        cluster.Start("rank-1");
        await cluster.Seed.AwaitAsync(job, status => (status.Epochs, status.EpochRanks) == (whole.Epochs + 2, 3), "the reserve stayed");
        Assert.Equal(["rank-0", "rank-1", "rank-2"], await cluster.RingAsync());
        Assert.Contains((await cluster.Seed.RingAsync()).Outcomes, outcome => outcome is { Cause: EpochEnd.Resized, Reason: "members are there for 3 ranks, 0 of them reserves" });

        var end = await cluster.Seed.AwaitEndAsync(job);
        Assert.Equal((whole.Epochs + 2, 1L), (end.Epochs, end.Losses));
        folder.AssertSameResult("calm", "elastic");
    }

    [Fact]
    public async Task Job_must_go_on_with_fewer_ranks_and_have_all_of_them_again_once_the_machine_is_back()
    {
        using var folder = new TrainingFolder();
        await using var cluster = await Machines.StartAsync(folder, "rank-0", "rank-1", "rank-2");
        var job = await cluster.Seed.SubmitAsync(folder.Job("elastic", Steps, 3, every: 50), "--parallelism.min_ranks", "2");
        var whole = await cluster.AwaitWholeAsync(job);

        await cluster.LoseAsync(2);
        await cluster.Seed.AwaitAsync(job, status => (status.Epochs, status.EpochRanks) == (whole.Epochs + 1, 2), "it did not make do");
        cluster.Start("rank-2");
        await cluster.Seed.AwaitAsync(job, status => (status.Epochs, status.EpochRanks) == (whole.Epochs + 2, 3), "it did not grow");

        var end = await cluster.Seed.AwaitEndAsync(job);
        Assert.Equal((whole.Epochs + 2, 1L, (long)Steps), (end.Epochs, end.Losses, end.CheckpointCommitted));
    }

    private sealed class Machines : IAsyncDisposable
    {
        private readonly TrainingFolder _folder;
        private readonly List<ClusterProcess> _members = [];

        private Machines(TrainingFolder folder) => (_folder, Seed) = (folder, ClusterProcess.Start(folder.State, "seed", "--rejoin-wait", "300"));

        internal ClusterProcess Seed { get; }

        internal static async Task<Machines> StartAsync(TrainingFolder folder, params string[] names)
        {
            var machines = new Machines(folder);
            await machines.Seed.ConnectAsync();
            names.ToList().ForEach(machines.Start);
            return machines;
        }

        internal void Start(string name) => _members.Add(ClusterProcess.Start(_folder.State, "member", "--name", name));

        /// <summary>A ring of all three that has committed something: before that it may have had to do with two.</summary>
        internal async Task<JobStatus> AwaitWholeAsync(JobId job)
        {
            var formed = await Seed.AwaitAsync(job, status => status is { StepsCommitted: > 0, EpochRanks: 3 }, "no ring");
            return await Seed.AwaitAsync(job, status => status.EpochRanks == 3 && status.StepsCommitted > formed.StepsCommitted + 5, "no progress");
        }

        internal Task LoseAsync(int at) => _members[at].KillAsync();

        internal async Task<IEnumerable<string>> RingAsync() => (await Seed.RingAsync()).Ranks.Select(rank => rank.Member.Name).Order();

        public async ValueTask DisposeAsync()
        {
            foreach (var member in _members.Append(Seed))
            {
                await member.DisposeAsync();
            }
        }
    }
}
