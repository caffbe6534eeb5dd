namespace ActorRing.Cluster.Hosting.Engine;

/// <summary>Carries opaque frames between members. What engines disagree about (order, delivery, timers, supervision) is not promised here.</summary>
public interface IEngine : IAsyncDisposable
{
    /// <summary>This process.</summary>
    MemberRef Self { get; }

    /// <summary>Frames given up here so far: a queue was full, or the receiver is not connected.</summary>
    long Dropped { get; }

    /// <summary>Joins the cluster; returns when this member is part of it. Call once.</summary>
    /// <param name="sink">Told everything from then on, one call at a time; it must not throw and should only enqueue.</param>
    /// <param name="ct">Ends the wait, not the membership.</param>
    /// <exception cref="EngineRefusedException">The cluster does not want this process; its message is one line for the user.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> ended the wait.</exception>
    Task StartAsync(IEngineSink sink, CancellationToken ct);

    /// <summary>Hands a frame over. Never blocks, never calls the sink, keeps no reference to <paramref name="frame"/>. It may be lost, repeated or reordered.</summary>
    /// <param name="receiver">Reaches this very incarnation or nobody.</param>
    /// <param name="frame">At most <see cref="EngineLimits.FrameBytes"/> bytes.</param>
    /// <exception cref="FrameTooLargeException">The frame is larger: a bug of the sender, nothing was sent.</exception>
    void Tell(MemberRef receiver, ReadOnlyMemory<byte> frame);
}

/// <summary>The engine of a member, which looks for its seed.</summary>
public interface IMemberEngine : IEngine
{
    /// <summary>Why the last attempt to join failed, in one line; null if none did since it was last joined. For whoever loses patience.</summary>
    string? LastFailure { get; }
}

/// <summary>The engine of a seed, which may throw members out.</summary>
public interface ISeedEngine : IEngine
{
    /// <summary>Where it listens, once it does: <c>unix:PATH</c> or <c>ADDRESS:PORT</c>.</summary>
    string Listening { get; }

    /// <summary>
    /// Declares one incarnation finished: it is disconnected, told why, and refused whenever it comes back. For a rank whose place is about to be given away.
    /// </summary>
    void Evict(MemberRef member, string why);

    /// <summary>The process behind a member that is or was connected, as the kernel vouches for it; null for one on another machine, one that shares it with other things, or where the
    /// kernel does not say.</summary>
    ProcessRef? ProcessOf(MemberRef member);
}
