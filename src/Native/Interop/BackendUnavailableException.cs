namespace ActorRing.Native;

/// <summary>A backend was asked for that is not built or not loadable on this machine; the message says which and what to do.</summary>
public sealed class BackendUnavailableException : Exception
{
    /// <summary>Creates the exception.</summary>
    public BackendUnavailableException(string message)
        : base(message)
    {
    }
}
