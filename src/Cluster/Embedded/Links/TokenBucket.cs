namespace ActorRing.Cluster.Embedded.Links;

/// <summary>Lets so many through per second, with bursts of a second's worth. Not for several threads.</summary>
internal sealed class TokenBucket(int perSecond, TimeProvider time)
{
    private double _tokens = perSecond;
    private long _last = time.GetTimestamp();

    /// <summary>Takes one; the time to wait before going on, zero as a rule.</summary>
    internal TimeSpan Take()
    {
        if (_tokens < 1)
        {
            // The clock is asked only when the bucket looks empty: this is on the path of every frame.
            var now = time.GetTimestamp();
            _tokens = Math.Min(perSecond, _tokens + (time.GetElapsedTime(_last, now).TotalSeconds * perSecond));
            _last = now;
        }

        _tokens--;
        return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / perSecond);
    }
}
