using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ActorRing.Cluster.Embedded;

/// <summary>Where a seed listens: <c>unix:PATH</c> (the default on one machine) or <c>ADDRESS:PORT</c>.</summary>
public sealed record EngineAddress
{
    private const int LongestUnixPath = 107;

    private EngineAddress(EndPoint endPoint, string text)
    {
        EndPoint = endPoint;
        Text = text;
    }

    /// <summary>As written.</summary>
    public string Text { get; }

    /// <summary>Path of the socket, or null for TCP.</summary>
    public string? UnixPath => EndPoint is UnixDomainSocketEndPoint ? Text["unix:".Length..] : null;

    /// <summary>Whether only processes of this machine can reach it.</summary>
    public bool IsLocal => EndPoint is not IPEndPoint ip || IPAddress.IsLoopback(ip.Address);

    /// <summary>The same as processes of this machine reach it: loopback where it stands for all addresses of the machine.</summary>
    public EngineAddress FromHere => EndPoint is IPEndPoint ip && (ip.Address.Equals(IPAddress.Any) || ip.Address.Equals(IPAddress.IPv6Any))
        ? Parse(new IPEndPoint(ip.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : IPAddress.IPv6Loopback, ip.Port).ToString())
        : this;

    internal EndPoint EndPoint { get; }

    /// <summary>The address of the socket <c>seed.sock</c> in a folder.</summary>
    public static EngineAddress InFolder(string folder) => Parse($"unix:{Path.Combine(Path.GetFullPath(folder), "seed.sock")}");

    /// <summary>Reads an address.</summary>
    /// <exception cref="FormatException">One line that names the text and what is allowed. Host names are not: who answers to one can change.</exception>
    public static EngineAddress Parse(string text)
    {
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            var path = text["unix:".Length..];
            return Path.IsPathFullyQualified(path) && System.Text.Encoding.UTF8.GetByteCount(path) <= LongestUnixPath
                ? new EngineAddress(new UnixDomainSocketEndPoint(path), text)
                : throw new FormatException($"address '{text}': a full path of at most {LongestUnixPath.ToString(CultureInfo.InvariantCulture)} bytes is allowed after unix:");
        }

        return IPEndPoint.TryParse(text, out var endPoint) && text.Contains(':', StringComparison.Ordinal)
            ? new EngineAddress(endPoint, text)
            : throw new FormatException($"address '{text}': unix:PATH or ADDRESS:PORT is allowed, such as 127.0.0.1:4053");
    }

    internal Socket NewSocket() => EndPoint is IPEndPoint ip
        ? new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
        : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <inheritdoc/>
    public override string ToString() => Text;
}
