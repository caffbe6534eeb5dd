using ActorRing.Native;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>Ranks as processes: the same collectives, and what happens to the others when one is killed or stopped.</summary>
public class RankProcessesSpec
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(TransportKind.SharedMemory, 2)]
    [InlineData(TransportKind.SharedMemory, 3)]
    [InlineData(TransportKind.SharedMemory, 8)]
    [InlineData(TransportKind.Gloo, 2)]
    [InlineData(TransportKind.Gloo, 4)]
    public void Collectives_must_equal_their_plain_references_when_ranks_are_processes(TransportKind transport, int size)
    {
        if (!TransportsOfThreads.All.Contains(transport))
        {
            return; // Gloo is not built in: GlooSpec says so
        }

        using var group = new RankProcesses("collectives", transport, size);
        foreach (var rank in group.Ranks)
        {
            rank.Await("done", Patience);
            Assert.Equal(0, rank.WaitForExit());
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Everybody_else_must_hear_within_1_s_and_go_on_under_a_new_epoch_when_a_rank_is_killed_in_mid_rotation(int size)
    {
        const int Victim = 1;
        using var group = new RankProcesses("rotate", TransportKind.SharedMemory, size, count: Victim);
        foreach (var rank in group.Ranks)
        {
            rank.Await("rotating", Patience);
        }

        var killed = RankProgram.NowMilliseconds();
        group.Ranks[Victim].Kill();
        foreach (var rank in group.Ranks.Where(rank => rank.Rank != Victim))
        {
            var (time, details) = rank.Await("failed", Patience);
            Assert.Equal(["PeerLost", "1", "Rotate", "KeyValue"], details);
            Assert.InRange(time - killed, 0, 1000);
        }

        RequireRebuilt(group, Victim);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Everybody_else_must_hear_within_1_s_of_the_deadline_and_go_on_under_a_new_epoch_when_a_rank_is_stopped_in_mid_rotation(int size)
    {
        const int Victim = 1;
        const int Deadline = 500;
        using var group = new RankProcesses("rotate", TransportKind.SharedMemory, size, Deadline, Victim);
        foreach (var rank in group.Ranks)
        {
            rank.Await("rotating", Patience);
        }

        var stopped = RankProgram.NowMilliseconds();
        group.Ranks[Victim].Stop();
        foreach (var rank in group.Ranks.Where(rank => rank.Rank != Victim))
        {
            var (time, details) = rank.Await("failed", Patience);
            Assert.Contains(details[0], new[] { "TimedOut", "PeerLost" }); // its neighbours time out, the others hear from them
            Assert.Equal(["1", "Rotate", "KeyValue"], details[1..]);
            Assert.InRange(time - stopped, 0, Deadline + 1000);
        }

        RequireRebuilt(group, Victim);
    }

    [Theory]
    [InlineData(TransportKind.SharedMemory, 4, 1000)]
    [InlineData(TransportKind.Loopback, 3, 200)]
    public void Rebuilding_must_leak_nothing_when_epochs_end_in_order_in_aborts_and_in_timeouts(TransportKind transport, int size, int cycles)
    {
        using var folder = new TemporaryFolder();
        using var rank = RankProcess.Start("rebuild", folder.Path, transport, rank: 0, size, deadlineMilliseconds: 30_000, cycles);
        rank.Await("cycles", Patience);
        var (_, before) = rank.Await("before", Patience);
        var (_, after) = rank.Await("after", Patience);
        Assert.Equal(before, after);
        Assert.Contains("threads=0", after);
    }

    private static void RequireRebuilt(RankProcesses group, int victim)
    {
        foreach (var rank in group.Ranks.Where(rank => rank.Rank != victim))
        {
            rank.Await("rebuilt", Patience);
            Assert.Equal(0, rank.WaitForExit());
        }
    }
}
