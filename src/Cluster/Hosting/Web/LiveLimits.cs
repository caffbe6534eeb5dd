namespace ActorRing.Cluster.Hosting.Web;

/// <summary>What open pages may cost.</summary>
/// <param name="Streams">Pages open at once; one more is refused.</param>
/// <param name="Batch">From one update of a page to the next, at least.</param>
/// <param name="Send">What one update may take to be read; then the page is given up.</param>
/// <param name="Beat">A page of which nothing changed is sent a comment this often, so that either side notices the other's end.</param>
internal sealed record LiveLimits(int Streams, TimeSpan Batch, TimeSpan Send, TimeSpan Beat)
{
    internal static LiveLimits Default => new(16, TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10));
}
