using System.Diagnostics;
using System.Runtime.Versioning;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>Who may join a group, and how ranks find each other.</summary>
public class AdmissionSpec
{
    public static TheoryData<TransportKind> Transports => [.. TransportsOfThreads.All];

    [Theory]
    [MemberData(nameof(Transports))]
    public void Rank_must_be_refused_by_name_when_its_secret_is_wrong(TransportKind transport)
    {
        var options = RankGroup.Options(transport) with { ConnectDeadline = TimeSpan.FromMilliseconds(800) };
        var other = options with { Secret = Enumerable.Repeat((byte)1, 32).ToArray() };
        Refused(2, "secret", rank => (rank == 0 ? options : other, rank, 2, 1));
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public void Rank_must_be_refused_by_name_when_it_belongs_to_another_communicator_of_the_job(TransportKind transport)
    {
        var options = RankGroup.Options(transport) with { ConnectDeadline = TimeSpan.FromMilliseconds(800), Name = "kv" };
        Refused(2, "secret", rank => (rank == 0 ? options : options with { Name = "dkv" }, rank, 2, 1));
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public void Rank_must_be_refused_by_name_when_its_epoch_is_wrong(TransportKind transport) =>
        Refused(2, "epoch", rank => (RankGroup.Options(transport), rank, 2, 7 + rank));

    [Theory]
    [MemberData(nameof(Transports))]
    public void Rank_must_be_refused_by_name_when_its_group_size_is_wrong(TransportKind transport) =>
        Refused(2, "group of", rank => (RankGroup.Options(transport), rank, 2 + rank, 1));

    [Theory]
    [MemberData(nameof(Transports))]
    public void Rank_must_name_who_is_missing_when_somebody_does_not_come(TransportKind transport)
    {
        var options = RankGroup.Options(transport) with { ConnectDeadline = TimeSpan.FromMilliseconds(200) };
        var rendezvous = new InMemoryRendezvous();
        var clock = Stopwatch.StartNew();
        var error = Assert.Throws<CommunicationException>(() => Communicator.Connect(options, 0, 2, 1, rendezvous));
        Assert.Equal(CommunicationFailure.TimedOut, error.Reason);
        Assert.Contains("rank 1", error.Message, StringComparison.Ordinal);
        Assert.InRange(clock.ElapsedMilliseconds, 199, 1200);

        // It published, and never connected.
        using var silent = NativeCommunicator.Listen(transport, 1, 2, 2, new byte[32]);
        rendezvous.Publish("ring-2", 1, silent.Endpoint());
        error = Assert.Throws<CommunicationException>(() => Communicator.Connect(options, 0, 2, 2, rendezvous));
        Assert.Equal(CommunicationFailure.TimedOut, error.Reason);
        Assert.Contains("rank 1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public void Connecting_must_end_when_it_is_cancelled(TransportKind transport)
    {
        var clock = Stopwatch.StartNew();
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        using var silent = NativeCommunicator.Listen(transport, 1, 2, 1, new byte[32]);
        var rendezvous = new InMemoryRendezvous();
        rendezvous.Publish("ring-1", 1, silent.Endpoint());
        Assert.ThrowsAny<OperationCanceledException>(() => Communicator.Connect(RankGroup.Options(transport), 0, 2, 1, rendezvous, cancellation.Token));
        Assert.True(cancellation.IsCancellationRequested); // not before: timers and stopwatches disagree by some milliseconds
        Assert.InRange(clock.ElapsedMilliseconds, 0, 2000);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void File_rendezvous_must_refuse_a_folder_that_is_open_to_others()
    {
        using var folder = new TemporaryFolder();
        File.SetUnixFileMode(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        Assert.Throws<UnauthorizedAccessException>(() => new FileRendezvous(folder.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../ring")]
    [InlineData("ring/1")]
    [InlineData(".ring")]
    public void File_rendezvous_must_refuse_a_group_that_is_not_a_plain_name(string group)
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ArgumentException>(() => new FileRendezvous(folder.Path).Publish(group, 0, [1]));
    }

    [Fact]
    public void File_rendezvous_must_give_back_what_was_published_and_name_who_is_missing()
    {
        using var folder = new TemporaryFolder();
        var rendezvous = new FileRendezvous(folder.Path);
        rendezvous.Publish("ring-1", 0, [1, 2, 3]);
        var late = Assert.Throws<TimeoutException>(() => rendezvous.Collect("ring-1", 2, TimeSpan.FromMilliseconds(20), default));
        Assert.Contains("rank 1", late.Message, StringComparison.Ordinal);
        rendezvous.Publish("ring-1", 1, []);
        Assert.Equal([[1, 2, 3], []], rendezvous.Collect("ring-1", 2, TimeSpan.FromSeconds(1), default));
        Assert.Throws<InvalidOperationException>(() => rendezvous.Publish("ring-1", 1, [4]));
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
    }

    private static void Refused(int ranks, string why, Func<int, (CommunicatorOptions Options, int Rank, int Size, long Epoch)> member)
    {
        // Endpoints change hands whatever the group is called, as a mixed-up control plane would do it.
        var endpoints = new byte[ranks][];
        using var published = new Barrier(ranks);
        RankGroup.RunThreads(ranks, thread =>
        {
            var (options, rank, size, epoch) = member(thread);
            var rendezvous = new MixedUp(endpoints, published);
            var error = Assert.Throws<CommunicationException>(() => Communicator.Connect(options, rank, size, epoch, rendezvous));
            Assert.Equal(CommunicationFailure.Refused, error.Reason);
            Assert.Contains(why, error.Message, StringComparison.Ordinal);
            Assert.Contains($"rank {1 - rank}", error.Message, StringComparison.Ordinal);
        });
    }

    private sealed class MixedUp(byte[][] endpoints, Barrier published) : IRendezvous
    {
        public void Publish(string group, int rank, ReadOnlySpan<byte> endpoint)
        {
            endpoints[rank] = endpoint.ToArray();
            published.SignalAndWait();
        }

        public IReadOnlyList<byte[]> Collect(string group, int size, TimeSpan deadline, CancellationToken cancellation) =>
            [.. Enumerable.Range(0, size).Select(rank => endpoints[Math.Min(rank, endpoints.Length - 1)])];
    }
}
