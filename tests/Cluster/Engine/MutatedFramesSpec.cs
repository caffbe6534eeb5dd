using System.Net.Sockets;
using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Embedded.Links;
using ActorRing.Cluster.Embedded.Wire;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Engine.Wire;

namespace ActorRing.Cluster.Specs.Engine;

/// <summary>Frames of the engine that have been tampered with: read by what reads them, and said to a real seed by one who knows the token.</summary>
public class MutatedFramesSpec
{
    private const int Mutants = 300_000;
    private const int Members = 300;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Reading_must_name_what_is_wrong_and_take_no_more_memory_than_was_sent_when_frames_are_mutated()
    {
        var random = new Random(23);
        var (refused, read) = (0, 0);
        long most = 0;
        for (var mutant = 0; mutant < Mutants; mutant++)
        {
            var bytes = Mutate(Stream(random), random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var reader = new FrameReader(new MemoryStream(bytes, writable: false)) { LargestBody = WireFormat.LargestBody };
                while (await reader.ReadAsync(CancellationToken.None) is { } frame)
                {
                    Decode(frame);
                    read++;
                }
            }
            catch (IOException)
            {
                refused++;
            }

            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before - (16L * bytes.Length));
        }

        Assert.InRange(refused, Mutants / 2, Mutants);
        Assert.InRange(read, 1, int.MaxValue);
        Assert.InRange(most, long.MinValue, EngineLimits.FrameBytes + (64 << 10)); // one announced frame, which the limit allows
    }

    [Fact]
    public async Task Seed_must_go_on_serving_the_others_when_members_say_mutated_frames()
    {
        await using var cluster = new EmbeddedCluster();
        await using var seed = cluster.NewSeed(new MemberRef("seed", 1));
        var atSeed = new Recorder();
        await seed.StartAsync(atSeed, CancellationToken.None);
        await using var honest = cluster.NewMember(new MemberRef("honest", 1));
        await honest.StartAsync(new Recorder(), CancellationToken.None);
        var random = new Random(29);
        for (var liar = 0; liar < Members; liar++)
        {
            // Until the end of the one before it is seen, its name is taken.
            var clock = System.Diagnostics.Stopwatch.StartNew();
            var lies = Mutate(Stream(random, firstSequence: 1), random);
            while (!await TryLieAsync(cluster, new MemberRef("liar", liar + 1), lies))
            {
                Assert.True(clock.Elapsed < Deadline, $"liar {liar} was never let in");
            }
        }

        honest.Tell(seed.Self, "still here"u8.ToArray());
        await WaitForAsync(atSeed, "still here");
        Assert.True(atSeed.Views[^1].IsUp(honest.Self));
    }

    private static async Task<bool> TryLieAsync(EmbeddedCluster cluster, MemberRef self, byte[] lies)
    {
        using var socket = cluster.MemberSettings.Address.NewSocket();
        await socket.ConnectAsync(cluster.MemberSettings.Address.EndPoint);
        await using var stream = new NetworkStream(socket, ownsSocket: false);
        await using var link = new Link(socket, stream, cluster.MemberSettings);
        try
        {
            await Handshake.JoinAsync(link, cluster.MemberSettings, self, Guid.Empty, CancellationToken.None).WaitAsync(Deadline);
        }
        catch (EngineRefusedException)
        {
            return false;
        }

        await SayAsync(socket, lies);
        return true;
    }

    private static async Task WaitForAsync(Recorder recorder, string text)
    {
        var came = new TaskCompletionSource();
        recorder.OnEach = (_, bytes) =>
        {
            if (bytes.Span.SequenceEqual(System.Text.Encoding.UTF8.GetBytes(text)))
            {
                came.TrySetResult();
            }
        };
        if (!recorder.Texts.Contains(text))
        {
            await came.Task.WaitAsync(Deadline);
        }
    }

    private static async Task SayAsync(Socket socket, byte[] bytes)
    {
        try
        {
            await socket.SendAsync(bytes);
        }
        catch (SocketException)
        {
            // Turned out before all of it was said.
        }
    }

    private static void Decode(IncomingFrame frame)
    {
        var body = new BodyReader(frame.Body.Span);
        switch (frame.Kind)
        {
            case FrameKind.View:
                ViewCodec.Decode(frame.Body.Span);
                break;
            case FrameKind.Frame:
                body.TakeMember();
                break;
            case FrameKind.Refused or FrameKind.Evicted:
                body.TakeText();
                break;
        }
    }

    // Three frames as one side of a connection says them.
    private static byte[] Stream(Random random, ulong firstSequence = 0)
    {
        var bytes = new List<byte>();
        for (var at = 0UL; at < 3; at++)
        {
            var frame = random.Next(4) switch
            {
                0 => WireFormat.Empty(FrameKind.Beat),
                1 => WireFormat.Carry(new MemberRef("rank-1", 5), "forty bytes of no meaning whatsoever...."u8),
                2 => WireFormat.Of(FrameKind.View, ViewCodec.Encode([new MemberStatus(new MemberRef("rank-1", 7), true, default), new MemberStatus(new MemberRef("rank-2", 9), false, MemberReason.Silence)])),
                _ => WireFormat.Of(FrameKind.Evicted, new BodyWriter().Text("the epoch is over")),
            };
            BitConverter.TryWriteBytes(frame.AsSpan(WireFormat.SequenceOffset), firstSequence + at);
            bytes.AddRange(frame);
        }

        return [.. bytes];
    }

    // Two in three keep their heads, so that bodies are reached.
    private static byte[] Mutate(byte[] bytes, Random random)
    {
        for (var change = random.Next(1, 5); change > 0; change--)
        {
            var at = random.Next(3) == 0 ? random.Next(bytes.Length) : Math.Min(bytes.Length - 1, WireFormat.HeadBytes + random.Next(bytes.Length));
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes = bytes[..Math.Max(1, at)];
                    break;
                default:
                    bytes = [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]];
                    break;
            }
        }

        return bytes;
    }
}
