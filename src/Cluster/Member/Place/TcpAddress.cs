using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorRing.Cluster.Embedded;

namespace ActorRing.Cluster.Member.Place;

/// <summary>Addresses as people write them: <c>HOST:PORT</c>, where a host may have a name.</summary>
internal static class TcpAddress
{
    /// <summary>Reads one. A name is looked up here and now.</summary>
    /// <param name="option">For the message.</param>
    /// <param name="text">What it is.</param>
    /// <param name="mayTakeAnyPort">Whether port 0 is allowed.</param>
    /// <exception cref="UsageException">It is none, or nobody knows the name.</exception>
    internal static EngineAddress Read(string option, string text, bool mayTakeAnyPort)
    {
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? "" : text[..colon];
        var isLiteral = host.StartsWith('[') && host.EndsWith(']');
        if (!ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || (port == 0 && !mayTakeAnyPort)
            || (!isLiteral && Uri.CheckHostName(host) is not (UriHostNameType.Dns or UriHostNameType.IPv4)))
        {
            throw new UsageException($"{option} is '{text}', allowed: HOST:PORT, such as 127.0.0.1:4053 or [::1]:4053{(mayTakeAnyPort ? ", where port 0 takes any" : "")}");
        }

        try
        {
            return EngineAddress.Parse(new IPEndPoint(isLiteral ? IPAddress.Parse(host) : Find(host), port).ToString());
        }
        catch (Exception fault) when (fault is SocketException or FormatException)
        {
            throw new UsageException($"{option} is '{text}': {host}: {fault.Message.ReplaceLineEndings(" ")}; allowed: an address, or a name that this machine can look up");
        }
    }

    /// <summary>Holds that a text is an address, without a port, at which this machine can listen.</summary>
    /// <param name="option">For the message.</param>
    /// <param name="text">What it is.</param>
    /// <exception cref="UsageException">It is none, or one of another machine.</exception>
    internal static void RequireOwn(string option, string text)
    {
        const string Allowed = "an address of this machine, such as 10.0.0.6";
        if (!IPAddress.TryParse(text, out var address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            throw new UsageException($"{option} is '{text}', allowed: {Allowed}");
        }

        try
        {
            using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(new IPEndPoint(address, 0));
        }
        catch (SocketException fault)
        {
            throw new UsageException($"{option} is '{text}': {fault.Message.ReplaceLineEndings(" ")}; allowed: {Allowed}");
        }
    }

    private static IPAddress Find(string host) => IPAddress.TryParse(host, out var address) ? address
        : Dns.GetHostAddresses(host) is [_, ..] found ? found.FirstOrDefault(candidate => candidate.AddressFamily == AddressFamily.InterNetwork) ?? found[0]
        : throw new FormatException("it has no address");
}
