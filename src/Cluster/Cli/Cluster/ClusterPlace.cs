using System.CommandLine;
using System.Reflection;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Embedded.Security;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>Where a cluster of one machine lives: a private folder with its log, its token and its socket. Everything that belongs to one cluster names the same folder.</summary>
/// <param name="Folder">Full path.</param>
internal sealed record ClusterPlace(string Folder)
{
    /// <summary>Names the folder.</summary>
    internal static readonly Option<string> Option = new("--state")
    {
        Description = "Folder of the cluster: log, token, socket. The same for seed, members and consoles.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("ACTORRING_STATE") is { Length: > 0 } folder ? folder : Path.Combine("runs", ".cluster"),
    };

    /// <summary>Everything that numbers depend on, as one word: the program, its native libraries, the instructions that the machine has.</summary>
    internal static string Fingerprint { get; } = $"{Version}-{LibraryHash()}-{Instructions()}";

    /// <summary>Where it listens.</summary>
    internal EngineAddress Address => EngineAddress.InFolder(Folder);

    private static string Version => typeof(ClusterPlace).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    internal static ClusterPlace Of(ParseResult result) => new(Path.GetFullPath(result.GetValue(Option)!));

    /// <summary>What seed and members of the cluster share.</summary>
    /// <param name="makesToken">Whether a missing token is made: by a seed.</param>
    internal EmbeddedSettings Settings(bool makesToken)
    {
        var token = Path.Combine(Folder, "token");
        if (makesToken)
        {
            Hosting.Store.PrivateFolder.Ensure(Folder);
        }
        else if (!File.Exists(token))
        {
            throw new UsageException($"--state is {Folder}, where no cluster is; start one there: actorring seed, or actorring up --ranks 4");
        }

        return new EmbeddedSettings { Address = Address, Token = makesToken ? ClusterToken.ReadOrCreate(token) : ClusterToken.Read(token), AppVersion = Version };
    }

    /// <summary>Tells this cluster from every other one that was ever at the same place; made with the folder. Only while the store is held.</summary>
    /// <exception cref="InvalidDataException">The file holds something else.</exception>
    internal Guid Uid()
    {
        var file = Path.Combine(Folder, "uid");
        if (!File.Exists(file))
        {
            File.WriteAllText(file, Guid.NewGuid().ToString());
        }

        return Guid.TryParse(File.ReadAllText(file), out var uid) ? uid : throw new InvalidDataException($"{file}: is no identifier; remove the folder, or restore the file");
    }

    private static string LibraryHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var library in (string[])["libar_cpu.so", "libar_comm.so"])
        {
            var path = Path.Combine(AppContext.BaseDirectory, library);
            hash.AppendData(File.Exists(path) ? File.ReadAllBytes(path) : []);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 6));
    }

    private static string Instructions() => Avx512F.IsSupported ? "avx512" : Avx2.IsSupported ? "avx2" : "portable";
}
