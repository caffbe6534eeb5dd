namespace ActorRing.Cluster.Hosting.Telemetry.Files;

/// <summary>Lines to a console or a pipe that may stop reading: whoever writes never waits.</summary>
/// <remarks>Safe to use from several threads. Disposing waits two seconds at most for what is queued; it does not dispose the writer.</remarks>
public sealed class QueuedLines : IDisposable
{
    private readonly SinkThread<string> _sink;

    /// <summary>Starts a thread.</summary>
    /// <param name="writer">Written to by that thread alone.</param>
    /// <param name="capacity">Lines that may wait; beyond that the oldest is dropped.</param>
    public QueuedLines(TextWriter writer, int capacity = 4096)
        : this(writer, capacity, TimeSpan.FromSeconds(2))
    {
    }

    internal QueuedLines(TextWriter writer, int capacity, TimeSpan closeWithin) => _sink = new SinkThread<string>("actorring lines", capacity, line =>
    {
        writer.WriteLine(line);
        writer.Flush();
    }, _ => "console", _ => { }, closeWithin);

    /// <summary>Lines lost so far; for <see cref="Instruments.Watch"/>.</summary>
    public long Dropped => _sink.Dropped;

    /// <summary>Queues a line.</summary>
    public void Write(string line) => _sink.Post(line);

    /// <summary>Waits until everything queued so far is written or lost.</summary>
    /// <returns>False if <paramref name="within"/> passed first.</returns>
    public bool Flush(TimeSpan within) => _sink.Flush(within);

    /// <inheritdoc/>
    public void Dispose() => _sink.Dispose();
}
