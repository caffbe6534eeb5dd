using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorRing.Cluster.Hosting.Engine;

namespace ActorRing.Cluster.Embedded.Security;

/// <summary>Which user of this machine is at the other end of a local connection.</summary>
internal static class PeerUser
{
    private static readonly uint Self = uint.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[2], CultureInfo.InvariantCulture);

    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;

    /// <summary>Whether the peer is this very user. The kernel says so; a peer cannot lie about it.</summary>
    internal static bool IsSelf(Socket socket)
    {
        try
        {
            return (socket.RemoteEndPoint is IPEndPoint peer ? OfLoopback((IPEndPoint)socket.LocalEndPoint!, peer) : OfUnix(socket)) == Self;
        }
        catch (Exception failure) when (failure is SocketException or IOException or FormatException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>The process at the other end of a connection by a path, as it was when it connected; null for any other.</summary>
    internal static ProcessRef? ProcessOf(Socket socket)
    {
        try
        {
            Span<byte> credentials = stackalloc byte[12];
            return socket.RemoteEndPoint is not IPEndPoint && socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials) == credentials.Length
                ? ProcessRef.Of(BinaryPrimitives.ReadInt32LittleEndian(credentials))
                : null;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private static uint? OfUnix(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[12]; // struct ucred: pid, uid, gid
        return socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials) == credentials.Length
            ? BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..])
            : null;
    }

    // /proc/net/tcp has a row per socket: the peer's is the one whose local and remote are ours the other way round.
    private static uint? OfLoopback(IPEndPoint self, IPEndPoint peer)
    {
        var wanted = $"{Hex(peer)} {Hex(self)} ";
        foreach (var row in File.ReadLines(peer.AddressFamily == AddressFamily.InterNetwork ? "/proc/net/tcp" : "/proc/net/tcp6"))
        {
            if (row.Contains(wanted, StringComparison.Ordinal))
            {
                return uint.Parse(row.Split(' ', StringSplitOptions.RemoveEmptyEntries)[7], CultureInfo.InvariantCulture);
            }
        }

        return null;
    }

    private static string Hex(IPEndPoint end)
    {
        var bytes = end.Address.GetAddressBytes();
        for (var word = 0; word < bytes.Length; word += 4)
        {
            bytes.AsSpan(word, 4).Reverse();
        }

        return $"{Convert.ToHexString(bytes)}:{end.Port:X4}";
    }
}
