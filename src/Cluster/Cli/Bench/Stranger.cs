using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Security;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>One of those who connect to a seed's door and have no business there: it says what it says, and waits to be turned away.</summary>
internal static class Stranger
{
    /// <summary>One visit in so many says its bytes one by one, and holds its place until the seed's patience ends.</summary>
    internal const int SlowEvery = 40;

    private const int Kinds = 6;
    private const byte Welcome = 3;
    private const int KindAt = 4;
    private static readonly TimeSpan SlowPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Visits once.</summary>
    /// <param name="place">Whose door.</param>
    /// <param name="number">Which visit: chooses what is said.</param>
    /// <returns>Whether the seed ended the connection without a welcome.</returns>
    internal static async Task<bool> VisitAsync(ClusterPlace place, int number)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            if (number % SlowEvery != 0 && number % Kinds == 2 && !place.IsAkka)
            {
                return await TryWrongTokenAsync(place, limit.Token);
            }

            using var socket = place.IsAkka ? new Socket(SocketType.Stream, ProtocolType.Tcp) : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(place.IsAkka ? IPEndPoint.Parse(place.Where) : new UnixDomainSocketEndPoint(place.Address.UnixPath!), limit.Token);
            var saying = SayAsync(socket, number, limit.Token);
            var refused = await ReadAsync(socket, limit.Token);
            await saying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return refused;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<bool> TryWrongTokenAsync(ClusterPlace place, CancellationToken ct)
    {
        var settings = place.Settings("rank-0", isSeed: false) with { Token = ClusterToken.Create() };
        await using var member = new MemberEngine(settings, new MemberRef("rank-0", 1));
        try
        {
            await member.StartAsync(new Nobody(), ct);
            return false;
        }
        catch (EngineRefusedException)
        {
            return true;
        }
    }

    private static async Task SayAsync(Socket socket, int number, CancellationToken ct)
    {
        if (number % SlowEvery == 0)
        {
            // A hello of 100 bytes, of which few are ever said.
            for (byte[] said = [100, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]; ; await Task.Delay(SlowPause, ct))
            {
                await socket.SendAsync(said, ct);
                said = [0];
            }
        }

        await socket.SendAsync((number % Kinds) switch
        {
            0 => "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(),
            1 => RandomNumberGenerator.GetBytes(RandomNumberGenerator.GetInt32(13, 4096)),
            3 => Huge(),
            4 => [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, .. RandomNumberGenerator.GetBytes(32)],
            _ => [9, 0, 0, 0, 2],
        }, ct);
        if (number % Kinds == Kinds - 1)
        {
            socket.Shutdown(SocketShutdown.Send);
        }
    }

    // 4 GiB, announced by a frame that would be right in all else.
    private static byte[] Huge()
    {
        var frame = new byte[13];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, uint.MaxValue);
        frame[KindAt] = 2;
        return frame;
    }

    private static async Task<bool> ReadAsync(Socket socket, CancellationToken ct)
    {
        var said = new List<byte>();
        var buffer = new byte[1024];
        try
        {
            while (await socket.ReceiveAsync(buffer, ct) is > 0 and var count)
            {
                said.AddRange(buffer.AsSpan(0, count));
            }
        }
        catch (SocketException)
        {
            // Closed with some of our bytes unread.
        }

        for (var at = 0; at + KindAt < said.Count; at += 4 + said[at] + (said[at + 1] << 8))
        {
            if (said[at + KindAt] == Welcome)
            {
                return false;
            }
        }

        return true;
    }

    private sealed class Nobody : IEngineSink
    {
        public void OnFrame(MemberRef from, ReadOnlyMemory<byte> frame)
        {
        }

        public void OnView(MemberView view)
        {
        }

        public void OnEvicted(string why)
        {
        }
    }
}
