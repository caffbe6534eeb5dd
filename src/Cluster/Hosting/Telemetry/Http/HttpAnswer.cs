using System.Text;
using ActorRing.Cluster.Hosting.Web;

namespace ActorRing.Cluster.Hosting.Telemetry.Http;

/// <summary>What is sent back.</summary>
internal sealed record HttpAnswer(int Status, string ContentType, byte[] Body)
{
    /// <summary>What is told from then on; null for an answer that ends.</summary>
    internal LiveBoard? Stream { get; init; }

    internal static HttpAnswer Line(int status, string line) => new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(line + "\n"));

    /// <summary>Head and, unless it was asked for the head alone, body.</summary>
    internal byte[] ToBytes(bool withBody)
    {
        var head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {Status} {Reason}\r\nContent-Type: {ContentType}\r\n{Length}Cache-Control: no-store\r\n{Safety}{Allow}Connection: close\r\n\r\n");
        return withBody ? [.. head, .. Body] : head;
    }

    // Nothing but what this server itself sends is loaded or run, and no other page shows this one inside itself.
    private const string Safety =
        "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n";

    private string Length => Stream is null ? $"Content-Length: {Body.Length}\r\n" : "";

    private string Allow => Status == 405 ? "Allow: GET, HEAD\r\n" : "";

    private string Reason => Status switch
    {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        414 => "URI Too Long",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Internal Server Error",
    };
}
