namespace ActorRing.Compute.Communication;

/// <summary>Where ranks leave their endpoints and find those of the others. Who guards it decides who may join; the secret decides who is admitted.</summary>
public interface IRendezvous
{
    /// <summary>Publishes this rank's endpoint; once per group and rank.</summary>
    /// <param name="group">Name and epoch of the group; letters, digits, dots, dashes and underscores.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="endpoint">Opaque bytes.</param>
    void Publish(string group, int rank, ReadOnlySpan<byte> endpoint);

    /// <summary>The endpoints of all ranks in rank order, when all are there.</summary>
    /// <param name="group">As in <see cref="Publish"/>.</param>
    /// <param name="size">Ranks in the group.</param>
    /// <param name="deadline">How long to wait.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="TimeoutException">A rank did not come; the message names the first.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyList<byte[]> Collect(string group, int size, TimeSpan deadline, CancellationToken cancellation);
}
