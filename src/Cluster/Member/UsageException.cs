namespace ActorRing.Cluster.Member;

/// <summary>The command was used wrongly: one line for the user, exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
