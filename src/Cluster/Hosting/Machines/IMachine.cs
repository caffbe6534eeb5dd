namespace ActorRing.Cluster.Hosting.Machines;

/// <summary>What a host steps: a pure machine together with what carries out its effects.</summary>
/// <typeparam name="TEvent">Everything the machine can be told.</typeparam>
public interface IMachine<TEvent>
    where TEvent : notnull
{
    /// <summary>Takes one event. Never called twice at once, never from inside <see cref="IMachineHost{TEvent}.Post"/>.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">Monotonic time since the host was made; the wall clock has no say.</param>
    /// <param name="host">Where effects go that come back as events.</param>
    void Handle(TEvent input, TimeSpan now, IMachineHost<TEvent> host);

    /// <summary>Names a failure, of a step or of work started by <see cref="IMachineHost{TEvent}.Perform"/>, as an event.</summary>
    TEvent Failed(Exception failure);
}

/// <summary>What a machine may ask of its host.</summary>
public interface IMachineHost<TEvent>
    where TEvent : notnull
{
    /// <summary>Enqueues an event from outside (any thread); false, and counted, if the inbox is full.</summary>
    bool Post(TEvent input);

    /// <summary>Delivers <paramref name="input"/> once, at <paramref name="at"/> or as soon after as the loop is free. Replaces the wake-up of the same key.</summary>
    /// <remarks>Only from inside a step. Wake-ups due together come in the order of their times, then of their arming.</remarks>
    void WakeAt(string key, TimeSpan at, TEvent input);

    /// <summary>Forgets the wake-up of a key; it will not come, even if its time has passed already.</summary>
    void Cancel(string key);

    /// <summary>Starts work outside the loop; its result comes back as an event, and so does its exception. Never dropped: what is asked for before the end is begun, even after it.</summary>
    void Perform(Func<CancellationToken, Task<TEvent>> work);
}
