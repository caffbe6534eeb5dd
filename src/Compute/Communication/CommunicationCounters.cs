namespace ActorRing.Compute.Communication;

/// <summary>What a communicator has done since it was made.</summary>
/// <param name="Operations">Started.</param>
/// <param name="SentBytes">Payload that receivers acknowledged; copies within a rank do not count.</param>
/// <param name="ReceivedBytes">Payload.</param>
/// <param name="Waited">Time spent in <see cref="Pending.Wait"/>, all threads together.</param>
public readonly record struct CommunicationCounters(long Operations, long SentBytes, long ReceivedBytes, TimeSpan Waited);
