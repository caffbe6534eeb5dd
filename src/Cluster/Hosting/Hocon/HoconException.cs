namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>Settings that cannot be used. Every error is one line: <c>file:line: what, the value, what is allowed</c>.</summary>
public sealed class HoconException : Exception
{
    /// <summary>One error, for readers that cannot go on after the first.</summary>
    /// <param name="message">One line.</param>
    public HoconException(string message)
        : this([message])
    {
    }

    /// <summary>Everything that was found wrong.</summary>
    /// <param name="errors">At least one line, in the order in which they were found.</param>
    public HoconException(IReadOnlyList<string> errors)
        : base(string.Join('\n', errors))
    {
        Errors = errors;
    }

    /// <summary>A chained error, for a file that the operating system refused.</summary>
    /// <param name="message">One line.</param>
    /// <param name="innerException">What the operating system said.</param>
    public HoconException(string message, Exception innerException)
        : base(message, innerException)
    {
        Errors = [message];
    }

    internal HoconException(HoconPosition at, string message)
        : this($"{at}: {message}")
    {
    }

    /// <summary>The errors, one line each; never empty.</summary>
    public IReadOnlyList<string> Errors { get; }
}
