using System.Text;

namespace ActorRing.Cluster.Hosting.Telemetry.Http;

/// <summary>What is sent back.</summary>
internal sealed record HttpAnswer(int Status, string ContentType, byte[] Body)
{
    internal static HttpAnswer Line(int status, string line) => new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(line + "\n"));

    /// <summary>Head and, unless it was asked for the head alone, body.</summary>
    internal byte[] ToBytes(bool withBody)
    {
        var head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {Status} {Reason}\r\nContent-Type: {ContentType}\r\nContent-Length: {Body.Length}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{Allow}Connection: close\r\n\r\n");
        return withBody ? [.. head, .. Body] : head;
    }

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
