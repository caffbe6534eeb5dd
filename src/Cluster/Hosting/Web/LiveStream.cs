using System.Net.Sockets;

namespace ActorRing.Cluster.Hosting.Web;

/// <summary>Tells one open page what changes on a <see cref="LiveBoard"/>, as server-sent events: <c>whole</c> first, then <c>change</c>.</summary>
internal static class LiveStream
{
    private static readonly byte[] Beat = ":\n\n"u8.ToArray();

    /// <summary>Goes on until the page is closed, does not read, or <paramref name="ct"/> ends it; ends with an exception in each case.</summary>
    /// <param name="client">The connection, whose head was sent; borrowed.</param>
    /// <param name="board">Read and never held up.</param>
    /// <param name="limits">For this page.</param>
    /// <param name="ct">Ends it.</param>
    internal static async Task RunAsync(Socket client, LiveBoard board, LiveLimits limits, CancellationToken ct)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var watching = WatchEndAsync(client, gone);
        try
        {
            var seen = LiveBoard.Nothing;
            while (true)
            {
                await SendAsync(client, board.Read(ref seen), limits.Send, gone.Token).ConfigureAwait(false);
                await Task.Delay(limits.Batch, gone.Token).ConfigureAwait(false);
                while (!await HasChangedAsync(board.WaitAsync(seen), limits.Beat, gone.Token).ConfigureAwait(false))
                {
                    await SendAsync(client, Beat, limits.Send, gone.Token).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await gone.CancelAsync().ConfigureAwait(false);
            await watching.ConfigureAwait(false);
        }
    }

    private static async Task<bool> HasChangedAsync(Task change, TimeSpan beat, CancellationToken ct)
    {
        try
        {
            await change.WaitAsync(beat, ct).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static async Task SendAsync(Socket client, ReadOnlyMemory<byte> bytes, TimeSpan most, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(most);
        while (bytes.Length > 0)
        {
            bytes = bytes[await client.SendAsync(bytes, limit.Token).ConfigureAwait(false)..];
        }
    }

    // A page that is closed says so; what else it sends is not for us.
    private static async Task WatchEndAsync(Socket client, CancellationTokenSource gone)
    {
        var rest = new byte[512];
        try
        {
            while (await client.ReceiveAsync(rest, gone.Token).ConfigureAwait(false) > 0)
            {
            }

            await gone.CancelAsync().ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            await gone.CancelAsync().ConfigureAwait(false);
        }
    }
}
