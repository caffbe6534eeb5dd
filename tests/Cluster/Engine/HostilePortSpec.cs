using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Embedded.Links;
using ActorRing.Cluster.Embedded.Wire;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Engine.Wire;
using ActorRing.Cluster.Hosting.Security;

namespace ActorRing.Cluster.Specs.Engine;

/// <summary>Whatever strangers do to the port, they are refused and nobody else notices. More of it: set ACTORRING_HOSTILE_CONNECTIONS to 10000.</summary>
#pragma warning disable CA1001 // xunit disposes by IAsyncLifetime.
public sealed class HostilePortSpec : IAsyncLifetime
{
    private const int Connections = 1000;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly EmbeddedCluster _cluster = new(tcp: true);
    private readonly Recorder _atSeed = new();
    private readonly Recorder _atMember = new();
    private SeedEngine _seed = null!;
    private MemberEngine _member = null!;

    public async Task InitializeAsync()
    {
        _seed = _cluster.NewSeed(new MemberRef("seed", 1));
        await _seed.StartAsync(_atSeed, CancellationToken.None);
        _member = _cluster.NewMember(new MemberRef("rank-1", 1));
        await _member.StartAsync(_atMember, CancellationToken.None);
        await _atSeed.AwaitUp(_member.Self);
    }

    public async Task DisposeAsync()
    {
        await _member.DisposeAsync();
        await _seed.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Seed_must_refuse_every_stranger_and_go_on_serving_its_members()
    {
        var count = int.Parse(Environment.GetEnvironmentVariable("ACTORRING_HOSTILE_CONNECTIONS") ?? $"{Connections}", CultureInfo.InvariantCulture);
        var random = new Random(1);
        for (var i = 0; i < count; i++)
        {
            using var socket = await ConnectAsync();
            await AttackAsync(socket, i % 6, random);
            if (i % 50 == 0)
            {
                _member.Tell(_seed.Self, "still here"u8.ToArray());
                _seed.Tell(_member.Self, "still here"u8.ToArray());
            }
        }

        await _atSeed.AwaitFrames((count + 49) / 50);
        await _atMember.AwaitFrames((count + 49) / 50);
        // A stranger sees the end of its connection a moment before the seed counts it.
        SpinWait.SpinUntil(() => _seed.Refused >= count, Deadline);
        Assert.Equal(count, _seed.Refused);
        Assert.Equal(["rank-1", "seed"], _atSeed.Views[^1].Members.Select(status => status.Member.Name));
        Assert.All(_atSeed.Views.Skip(1), view => Assert.True(view.IsUp(_seed.Self)));
    }

    [Fact]
    public async Task Seed_must_close_those_who_say_nothing_and_limit_how_many_wait_at_a_time()
    {
        await using var cluster = new EmbeddedCluster();
        await using var seed = new SeedEngine(
            cluster.Settings with { HandshakeTimeout = TimeSpan.FromMilliseconds(300), PendingPerAddress = 8 }, new MemberRef("seed", 1), Guid.NewGuid());
        await seed.StartAsync(new Recorder(), CancellationToken.None);
        var silent = new List<Socket>();
        for (var i = 0; i < 20; i++)
        {
            var socket = seed.Address.NewSocket();
            await socket.ConnectAsync(seed.Address.EndPoint);
            silent.Add(socket);
        }

        // Twelve at once, eight when their time is over.
        await Task.WhenAll(silent.Select(AwaitCloseAsync)).WaitAsync(Deadline);
        silent.ForEach(socket => socket.Dispose());
        await using var member = new MemberEngine(cluster.Settings, new MemberRef("rank-1", 1));
        await member.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline);
        SpinWait.SpinUntil(() => seed.Refused >= 20, Deadline);
        Assert.Equal(20, seed.Refused);
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = _seed.Address.NewSocket();
        await socket.ConnectAsync(_seed.Address.EndPoint);
        return socket;
    }

    private async Task AttackAsync(Socket socket, int kind, Random random)
    {
        switch (kind)
        {
            case 0:
                await SendAsync(socket, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
                break;
            case 1:
                var noise = new byte[random.Next(13, 4096)];
                random.NextBytes(noise);
                await SendAsync(socket, noise);
                break;
            case 2:
                await SendWrongTokenAsync(socket);
                break;
            case 3:
                // 4 GB, announced by a frame that would be right in all else.
                var huge = WireFormat.Empty(FrameKind.Hello);
                BinaryPrimitives.WriteUInt32LittleEndian(huge, uint.MaxValue);
                await SendAsync(socket, huge);
                break;
            case 4:
                // The start of a TLS 1.3 greeting, as a port scanner sends it.
                await SendAsync(socket, [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, .. RandomNumberGenerator.GetBytes(32)]);
                break;
            default:
                // Half a header, and then nothing but the end.
                await SendAsync(socket, [9, 0, 0, 0, 2]);
                socket.Shutdown(SocketShutdown.Send);
                break;
        }

        await AwaitCloseAsync(socket).WaitAsync(Deadline);
    }

    private async Task SendWrongTokenAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: false);
        await using var link = new Link(socket, stream, _cluster.MemberSettings);
        var wrong = _cluster.MemberSettings with { Token = ClusterToken.Create() };
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(
            () => Handshake.JoinAsync(link, wrong, new MemberRef("rank-9", 1), Guid.Empty, CancellationToken.None).WaitAsync(Deadline));
        Assert.Equal("the token is not the cluster's", refusal.Message);
    }

    private static async Task SendAsync(Socket socket, byte[] bytes)
    {
        try
        {
            await socket.SendAsync(bytes);
        }
        catch (SocketException)
        {
            // Closed already: refused before all of it was said.
        }
    }

    private static async Task AwaitCloseAsync(Socket socket)
    {
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer) > 0)
            {
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // Reset: closed with some of our bytes unread.
        }
    }
}
