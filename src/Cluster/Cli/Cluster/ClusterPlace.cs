using System.CommandLine;
using System.Reflection;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Hosting.Security;

namespace ActorRing.Cluster.Cli.Cluster;

/// <summary>
/// Where a cluster lives: a private folder with its log, its token and its socket. One that listens at an address instead has its token where its certificates are, so
/// that another machine needs nothing else.
/// </summary>
/// <param name="Folder">Full path.</param>
internal sealed record ClusterPlace(string Folder)
{
    private const string Akka = "akka";
    private const string Embedded = "embedded";

    private static readonly Option<string> State = new("--state")
    {
        Description = "Folder of the cluster: log, token, socket. The same for seed, members and consoles.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("ACTORRING_STATE") is { Length: > 0 } folder ? folder : Path.Combine("runs", ".cluster"),
    };

    private static readonly Option<string> EngineOption = new("--engine")
    {
        Description = "embedded, or akka: Akka.NET's cluster. auto: what the folder's seed uses, embedded at a seed.",
        DefaultValueFactory = _ => "auto",
    };

    private static readonly Option<string?> Seed = new("--seed") { Description = "HOST:PORT of a seed that was started with --bind. Without it: the folder's socket." };
    private static readonly Option<string?> Bind = new("--bind") { Description = "ADDRESS:PORT to listen at instead of the folder's socket; port 0 takes any. Beyond 127.0.0.1 only with --certificates." };
    private static readonly Option<string?> Certificates = new("--certificates") { Description = "Folder that actorring certificates new made: mutual TLS 1.3 with the seed." };

    /// <summary>Says to a bench on what its cluster shall be.</summary>
    internal static Option<string> OfBench()
    {
        var engine = new Option<string>("--engine") { Description = "What seed and members of its cluster meet in: embedded, or akka.", DefaultValueFactory = _ => Embedded };
        engine.Validators.Add(result =>
        {
            var named = result.GetValueOrDefault<string>();
            if (named is not (Embedded or Akka))
            {
                result.AddError($"--engine is '{named}', allowed: {Embedded}, {Akka}");
            }
            else if (named == Akka && !AkkaPlace.IsBuiltIn)
            {
                result.AddError(AkkaPlace.Missing);
            }
        });
        return engine;
    }

    /// <summary>A cluster of a bench, in a folder of its own.</summary>
    internal static ClusterPlace Of(string folder, string engine) => new(folder) { IsAkka = engine == Akka };

    /// <summary>Name the folder alone.</summary>
    internal static IReadOnlyList<Option> OfOneMachine { get; } = [State, EngineOption];

    /// <summary>Name the cluster to members and consoles.</summary>
    internal static IReadOnlyList<Option> Options { get; } = [State, Seed, Certificates, EngineOption];

    /// <summary>Name the cluster to its seed.</summary>
    internal static IReadOnlyList<Option> OfSeed { get; } = [State, Bind, Certificates, EngineOption];

    /// <summary>Everything that numbers depend on, as one word: the program, its native libraries, the instructions that the machine has.</summary>
    internal static string Fingerprint { get; } = $"{Version}-{LibraryHash()}-{Instructions()}";

    /// <summary>Where it listens.</summary>
    internal EngineAddress Address => Tcp ?? EngineAddress.InFolder(Folder);

    /// <summary>Where it listens, for people.</summary>
    internal string Where => IsAkka && Tcp is null && File.Exists(AkkaFile(Folder)) ? File.ReadAllText(AkkaFile(Folder)) : Address.Text;

    /// <summary>Where it listens if not at the folder's socket.</summary>
    internal EngineAddress? Tcp { get; init; }

    /// <summary>As <c>--engine</c> says it.</summary>
    internal string Engine => IsAkka ? Akka : Embedded;

    /// <summary>Whether its seed has begun to listen at some time: it leaves a file.</summary>
    internal bool HasListened => File.Exists(IsAkka ? AkkaFile(Folder) : Address.UnixPath!);

    /// <summary>Whether its processes meet in an Akka cluster.</summary>
    internal bool IsAkka { get; init; }

    /// <summary>Full path of the folder with the certificates; null for a cluster without.</summary>
    internal string? CertificateFolder { get; init; }

    internal static string Version { get; } = typeof(ClusterPlace).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <exception cref="UsageException">The address is none, or is open to other machines without certificates.</exception>
    internal static ClusterPlace Of(ParseResult result)
    {
        var folder = Path.GetFullPath(result.GetValue(State)!);
        var certificates = result.GetValue(Certificates) is { } named ? Path.GetFullPath(named) : null;
        var isSeed = result.CommandResult.Command.Options.Contains(Bind) || !result.CommandResult.Command.Options.Contains(Seed);
        var (option, text) = result.GetValue(Bind) is { } bind ? ("--bind", bind) : ("--seed", result.GetValue(Seed));
        var isAkka = result.GetValue(EngineOption) switch
        {
            Akka => true,
            "auto" => !isSeed && text is null && File.Exists(AkkaFile(folder)),
            Embedded => false,
            var other => throw new UsageException($"--engine is '{other}', allowed: auto, {Embedded}, {Akka}"),
        };
        if (text is null)
        {
            return certificates is null
                ? new ClusterPlace(folder) { IsAkka = isAkka }
                : throw new UsageException($"--certificates is {certificates}, which the folder's socket does not use; give the address as well: --bind ADDRESS:PORT to a seed, --seed HOST:PORT to all others");
        }

        var address = TcpAddress.Read(option, text, mayTakeAnyPort: option == "--bind");
        return address.IsLocal || certificates is not null
            ? new ClusterPlace(folder) { Tcp = address, CertificateFolder = certificates, IsAkka = isAkka }
            : throw new UsageException($"{option} is {text}, beyond this machine, where certificates are needed: actorring certificates new --folder DIR, then {option} {text} --certificates DIR; without: 127.0.0.1");
    }

    /// <summary>Makes what the seed needs, and what its members find in the folder.</summary>
    internal void PrepareSeed()
    {
        Hosting.Store.PrivateFolder.Ensure(Folder);
        if (IsAkka)
        {
            AkkaPlace.PrepareSeed(this);
        }
        else
        {
            File.Delete(AkkaFile(Folder));
            Settings(Roles.Seed, isSeed: true);
        }
    }

    /// <summary>Names a certificate that a member of this machine lacks, before anything starts.</summary>
    /// <exception cref="FileNotFoundException">It is missing; one line with what there is.</exception>
    internal void RequireCertificate(string member)
    {
        if (!IsAkka)
        {
            Settings(member, isSeed: false);
        }
        else if (CertificateFolder is { } folder)
        {
            TlsOf(folder, member, isSeed: false);
        }
    }

    /// <summary>The seed's engine; it does not listen yet. Only while the store is held.</summary>
    internal ISeedEngine NewSeed(MemberRef self) => IsAkka ? AkkaPlace.NewSeed(this, self) : new SeedEngine(Settings(Roles.Seed, isSeed: true), self, Uid());

    /// <summary>A member's engine, or a console's; it has not joined yet.</summary>
    /// <param name="certificate">Whose certificate it shows.</param>
    /// <param name="self">Who it is.</param>
    /// <param name="log">Told in one line why joining fails.</param>
    internal IMemberEngine NewMember(string certificate, MemberRef self, Action<string> log) =>
        IsAkka ? AkkaPlace.NewMember(this, certificate, self, log) : new MemberEngine(Settings(certificate, isSeed: false) with { Log = log }, self);

    /// <summary>Says where the seed listens, and keeps it for who looks in the folder.</summary>
    internal void NoteListening(string listening)
    {
        if (IsAkka)
        {
            var part = AkkaFile(Folder) + ".part";
            File.WriteAllText(part, listening);
            File.Move(part, AkkaFile(Folder), overwrite: true); // consoles look for it while it is made
            ClusterLog.Write($"listens at {listening}, Akka.NET, mutual TLS");
        }
        else if (Tcp is not null)
        {
            ClusterLog.Write($"listens at {listening}{(CertificateFolder is null ? "" : ", mutual TLS 1.3")}");
        }
    }

    /// <summary>Holds the address of a seed on Akka.</summary>
    internal static string AkkaFile(string folder) => Path.Combine(folder, "akka");

    /// <summary>What the seed and the members of the cluster share.</summary>
    /// <param name="member">Who this process is.</param>
    /// <param name="isSeed">A seed makes the folder, and a token if it is missing there.</param>
    internal EmbeddedSettings Settings(string member, bool isSeed)
    {
        var tls = CertificateFolder is { } certificates ? TlsOf(certificates, member, isSeed) : null;
        return new EmbeddedSettings { Address = Address, Token = Token(isSeed), AppVersion = Version, Tls = tls, Log = ClusterLog.Write };
    }

    /// <summary>How a member of this machine is told where its seed is.</summary>
    /// <param name="listening">Where the seed listens.</param>
    internal string[] MemberArguments(string listening) => Tcp is null && !IsAkka ? []
        : ["--seed", EngineAddress.Parse(listening).FromHere.Text, .. IsAkka ? (string[])["--engine", Akka] : [], .. CertificateFolder is { } certificates ? (string[])["--certificates", certificates] : []];

    /// <summary>What a console says whose seed does not let it in.</summary>
    /// <param name="failure">Why its last attempt failed, where the engine knows.</param>
    internal string Silence(string? failure) => Tcp is null
        ? $"--state is {Folder}, whose seed does not answer; start it: actorring seed"
        : $"--seed is {Tcp}, which does not answer as a seed{(failure is null ? "" : $": {failure}")}{(CertificateFolder is null ? "; one with certificates needs --certificates DIR here too" : "")}";

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

    // A member and a console show what they have, and learn from the seed that it is not enough; a seed with such a certificate would be of use to nobody.
    internal static EngineTls TlsOf(string folder, string member, bool isSeed)
    {
        var tls = Hosting.Security.CertificateFolder.Read(folder, member);
        return isSeed && tls.FlawAs(member, listens: true) is { } flaw ? throw new UsageException($"--certificates is {folder}: {flaw}") : tls;
    }

    private ClusterToken Token(bool isSeed)
    {
        if (CertificateFolder is { } certificates)
        {
            return Hosting.Security.CertificateFolder.ReadToken(certificates);
        }

        var token = Path.Combine(Folder, "token");
        return isSeed ? ClusterToken.ReadOrCreate(token)
            : File.Exists(token) ? ClusterToken.Read(token)
            : throw new UsageException(
                Tcp is null
                    ? $"--state is {Folder}, where no cluster is; start one there: actorring seed, or actorring up --ranks 4"
                    : $"--state is {Folder}, which has no token; a seed with certificates needs --certificates DIR here too, one without the same --state");
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
