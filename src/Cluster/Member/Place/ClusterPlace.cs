using System.Reflection;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Hosting.Security;

namespace ActorRing.Cluster.Member.Place;

/// <summary>
/// Where a cluster lives: a private folder with its log, its token and its socket. One that listens at an address instead has its token where its certificates are, so
/// that another machine needs nothing else.
/// </summary>
/// <param name="Folder">Full path.</param>
internal sealed record ClusterPlace(string Folder)
{
    private const string Akka = "akka";
    private const string Embedded = "embedded";

    /// <summary>Engines that can be asked for by name.</summary>
    internal static IReadOnlyList<string> Engines { get; } = [Embedded, Akka];

    /// <summary>Why an engine's name is not allowed, in one line without the setting's name; null if it is.</summary>
    internal static string? FlawOfEngine(string engine) => !Engines.Contains(engine) ? $"is '{engine}', allowed: {string.Join(", ", Engines)}"
        : engine == Akka && !AkkaPlace.IsBuiltIn ? AkkaPlace.Missing
        : null;

    /// <summary>A cluster in a folder of this machine.</summary>
    internal static ClusterPlace Of(string folder, string engine) => new(folder) { IsAkka = engine == Akka };

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

    /// <summary>How messages call a setting.</summary>
    internal Func<string, string> Named { get; init; } = PlaceSettings.OnCommandLine;

    /// <exception cref="UsageException">The address is none, or is open to other machines without certificates.</exception>
    internal static ClusterPlace Of(PlaceSettings settings)
    {
        var named = settings.Named;
        var folder = Path.GetFullPath(settings.State);
        var certificates = settings.Certificates is { } given ? Path.GetFullPath(given) : null;
        var (key, text) = settings.Bind is { } bind ? (named("bind"), bind) : (named("seed"), settings.Seed);
        var isAkka = settings.Engine switch
        {
            Akka => true,
            PlaceSettings.AnyEngine => !settings.IsSeed && text is null && File.Exists(AkkaFile(folder)),
            Embedded => false,
            var other => throw new UsageException($"{named("engine")} is '{other}', allowed: {PlaceSettings.AnyEngine}, {string.Join(", ", Engines)}"),
        };
        var place = new ClusterPlace(folder) { IsAkka = isAkka, Named = named };
        if (text is null)
        {
            return certificates is null ? place : throw new UsageException(
                $"{named("certificates")} is {certificates}, which the folder's socket does not use; give the address as well: {named("bind")} ADDRESS:PORT to a seed, {named("seed")} HOST:PORT to all others");
        }

        var address = TcpAddress.Read(key, text, mayTakeAnyPort: settings.Bind is not null);
        return address.IsLocal || certificates is not null
            ? place with { Tcp = address, CertificateFolder = certificates }
            : throw new UsageException(
                $"{key} is {text}, beyond this machine, where certificates are needed: actorring certificates new --folder DIR, then {key} {text} {named("certificates")} DIR; without: 127.0.0.1");
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
    /// <param name="sharesProcess">Whether this process has other things to do, and must not be killed.</param>
    internal IMemberEngine NewMember(string certificate, MemberRef self, Action<string> log, bool sharesProcess = false) =>
        IsAkka ? AkkaPlace.NewMember(this, certificate, self, log) : new MemberEngine(Settings(certificate, isSeed: false) with { Log = log, SharesProcess = sharesProcess }, self);

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
        ? $"{Named("state")} is {Folder}, whose seed does not answer; start it: actorring seed"
        : $"{Named("seed")} is {Tcp}, which does not answer as a seed{(failure is null ? "" : $": {failure}")}{(CertificateFolder is null ? $"; one with certificates needs {Named("certificates")} DIR here too" : "")}";

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
                    ? $"{Named("state")} is {Folder}, where no cluster is; start one there: actorring seed, or actorring up --ranks 4"
                    : $"{Named("state")} is {Folder}, which has no token; a seed with certificates needs {Named("certificates")} DIR here too, one without the same {Named("state")}");
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
