namespace ActorRing.Cluster.Hosting.Engine;

/// <summary>What an engine reports. Calls never overlap and never come from inside <see cref="IEngine.Tell"/>; any thread may make them.</summary>
public interface IEngineSink
{
    /// <summary>A frame came in.</summary>
    /// <param name="from">Who sent it, vouched for by the engine.</param>
    /// <param name="frame">Belongs to the sink from now on.</param>
    void OnFrame(MemberRef from, ReadOnlyMemory<byte> frame);

    /// <summary>Somebody came or went. A hint: it may hurry a decision, never make it.</summary>
    void OnView(MemberView view);

    /// <summary>The cluster has given this incarnation up; the process must end. Called at most once, and nothing after it.</summary>
    void OnEvicted(string why);
}
