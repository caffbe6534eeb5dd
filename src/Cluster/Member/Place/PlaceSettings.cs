namespace ActorRing.Cluster.Member.Place;

/// <summary>What people say of where a cluster lives.</summary>
/// <param name="State">Folder of the cluster.</param>
/// <param name="Engine">embedded, akka, or auto: what the folder's seed uses, embedded at a seed.</param>
internal sealed record PlaceSettings(string State, string Engine = PlaceSettings.AnyEngine)
{
    internal const string AnyEngine = "auto";

    /// <summary>Whether this process is the cluster's seed, or starts one.</summary>
    internal bool IsSeed { get; init; }

    /// <summary>Where a seed listens; null for the folder's socket.</summary>
    internal string? Bind { get; init; }

    /// <summary>Where the seed of a member or console listens; null for the folder's.</summary>
    internal string? Seed { get; init; }

    /// <summary>Folder with the certificates, or null.</summary>
    internal string? Certificates { get; init; }

    /// <summary>How messages call a setting; here as options of the command line.</summary>
    internal Func<string, string> Named { get; init; } = OnCommandLine;

    /// <summary>The folder that is meant where none is named.</summary>
    internal static string UsualState => Environment.GetEnvironmentVariable("ACTORRING_STATE") is { Length: > 0 } folder ? folder : Path.Combine("runs", ".cluster");

    internal static string OnCommandLine(string setting) => $"--{setting}";
}
