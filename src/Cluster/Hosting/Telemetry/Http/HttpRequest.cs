using System.Net;
using System.Text;

namespace ActorRing.Cluster.Hosting.Telemetry.Http;

/// <summary>The head of a request, and why it is refused if it is. Bodies are never read: nothing here takes one.</summary>
internal sealed record HttpRequest(string Path, bool IsHead, HttpAnswer? Refusal)
{
    /// <param name="head">Everything up to the empty line.</param>
    /// <param name="isLocal">Whether the server is reachable from this machine alone; then only names of this machine are answered to.</param>
    /// <param name="limits">For the request line.</param>
    internal static HttpRequest Parse(ReadOnlySpan<byte> head, bool isLocal, HttpLimits limits)
    {
        var lines = Encoding.Latin1.GetString(head).Split("\r\n");
        if (lines[0].Length > limits.RequestLineBytes)
        {
            return Refused(414, $"the request line is longer than {limits.RequestLineBytes} bytes");
        }

        var parts = lines[0].Split(' ');
        if (parts.Length != 3 || !parts[2].StartsWith("HTTP/", StringComparison.Ordinal) || parts[1].Any(char.IsControl) || !parts[1].StartsWith('/'))
        {
            return Refused(400, "the request line is not METHOD /path HTTP/1.1");
        }

        if (parts[2] is not ("HTTP/1.1" or "HTTP/1.0"))
        {
            return Refused(505, "allowed: HTTP/1.1, HTTP/1.0");
        }

        if (parts[0] is not ("GET" or "HEAD"))
        {
            return Refused(405, "allowed: GET, HEAD");
        }

        string? host = null;
        string? origin = null;
        var (isForeign, isNavigation) = (false, false);
        foreach (var line in lines.Skip(1).Where(line => line.Length > 0))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || line[..colon].Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
            {
                return Refused(400, "a header is not NAME: VALUE");
            }

            var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
            if (name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                if (host is not null)
                {
                    return Refused(400, "more than one Host");
                }

                host = value;
            }
            else if (name.Equals("Origin", StringComparison.OrdinalIgnoreCase))
            {
                origin = value;
            }
            else if (name.Equals("Sec-Fetch-Site", StringComparison.OrdinalIgnoreCase))
            {
                isForeign = value is "cross-site" or "same-site";
            }
            else if (name.Equals("Sec-Fetch-Mode", StringComparison.OrdinalIgnoreCase))
            {
                isNavigation = value == "navigate";
            }
        }

        // Browsers name this server as the origin of its own page's scripts. A link on another site may lead here; a picture or a script of another site may not,
        // although such requests have no Origin.
        if ((isForeign && !isNavigation) || (origin is not null && !origin.Equals($"http://{host}", StringComparison.OrdinalIgnoreCase)))
        {
            return Refused(403, "pages of other sites are not answered");
        }

        if (host is null && parts[2] == "HTTP/1.1")
        {
            return Refused(400, "no Host");
        }

        // A name that somebody points at this machine would let a page in a browser read what is meant for this machine.
        return host is not null && isLocal && !IsThisMachine(host)
            ? Refused(403, "Host: allowed: localhost or an address of this machine")
            : new HttpRequest(parts[1].Split('?', 2)[0], parts[0] == "HEAD", null);
    }

    private static bool IsThisMachine(string host)
    {
        var name = host.StartsWith('[') ? host.Split(']')[0].TrimStart('[') : host.Split(':')[0];
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(name, out _);
    }

    private static HttpRequest Refused(int status, string line) => new("", false, HttpAnswer.Line(status, line));
}
