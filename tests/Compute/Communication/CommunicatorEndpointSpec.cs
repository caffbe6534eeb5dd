using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>Endpoints that the caller carries, and a secret that comes last.</summary>
public class CommunicatorEndpointSpec
{
    private static readonly byte[] Secret = [.. Enumerable.Range(1, 32).Select(value => (byte)value)];

    [Theory]
    [InlineData(TransportKind.Loopback)]
    [InlineData(TransportKind.SharedMemory)]
    public void Ranks_must_meet_when_the_secret_comes_after_the_endpoints(TransportKind transport)
    {
        using var first = Open(transport, 0);
        using var second = Open(transport, 1);
        byte[][] endpoints = [first.Bytes, second.Bytes];

        RankGroup.RunThreads(2, rank =>
        {
            using var self = new TestRank((rank == 0 ? first : second).Connect(endpoints, Secret), NativeBackend.LoadCpu().Open(1));
            var sum = self.Floats([rank + 1f]);
            self.Communicator.AllReduce(sum, sum, new HopLabel(HopChannel.Gradient)).Wait();
            var read = new float[1];
            self.Device.Read(sum, read);
            Assert.Equal(3f, read[0]);
        });
    }

    [Fact]
    public void Ranks_must_be_refused_when_their_secrets_differ_or_never_came()
    {
        foreach (var other in (byte[][])[[.. Secret.Reverse()], []])
        {
            using var first = Open(TransportKind.SharedMemory, 0);
            using var second = Open(TransportKind.SharedMemory, 1);
            byte[][] endpoints = [first.Bytes, second.Bytes];

            RankGroup.RunThreads(2, rank =>
            {
                var error = Assert.Throws<CommunicationException>(() => (rank == 0 ? first : second).Connect(endpoints, rank == 0 ? Secret : other));
                Assert.Equal(CommunicationFailure.Refused, error.Reason);
            });
        }
    }

    [Fact]
    public void Waiting_must_name_the_peer_and_the_hop_when_asked_from_another_thread()
    {
        var meeting = new InMemoryRendezvous();
        using var seen = new ManualResetEventSlim();
        RankGroup.RunThreads(2, rank =>
        {
            using var self = RankGroup.Open(RankGroup.Options(TransportKind.SharedMemory), rank, 2, meeting);
            var communicator = (Communicator)self.Communicator;
            if (rank == 0)
            {
                Assert.Null(communicator.Waiting);
                Assert.True(seen.Wait(RankGroup.Patience));
                self.Communicator.Send(self.Floats([1f]), 1, default).Wait();
                return;
            }

            var hop = new HopLabel(3, 2, HopChannel.KeyValue);
            var pending = self.Communicator.Receive(self.Floats(1), 0, hop);
            var watcher = Task.Run(() =>
            {
                Assert.True(SpinWait.SpinUntil(() => communicator.Waiting is not null, RankGroup.Patience));
                var waiting = communicator.Waiting;
                seen.Set();
                return waiting;
            });
            pending.Wait();
            Assert.Equal((0, hop), (watcher.Result!.Value.Peer, watcher.Result.Value.Label));
            Assert.Null(communicator.Waiting);
        });
    }

    private static CommunicatorEndpoint Open(TransportKind transport, int rank) =>
        CommunicatorEndpoint.Open(new CommunicatorOptions { Transport = transport, ConnectDeadline = RankGroup.Patience }, rank, 2, 1);
}
