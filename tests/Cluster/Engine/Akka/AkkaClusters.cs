using System.Net;
using ActorRing.Cluster.Akka;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Security;
using ActorRing.Cluster.Specs.Hocon;

namespace ActorRing.Cluster.Specs.Engine.Akka;

/// <summary>A cluster on Akka.NET, in one process: each member is an actor system of its own.</summary>
internal sealed class AkkaEngines : EngineCluster
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);
    private readonly TempFolder _folder = new();
    private readonly Guid _uid = Guid.NewGuid();
    private readonly AkkaSettings _settings;
    private AkkaSeedEngine? _seed;

    internal AkkaEngines()
    {
        var certificates = Path.Combine(_folder.Path, "certificates");
        CertificateMaker.Make(certificates, ["seed"], [], 1, DateTimeOffset.UtcNow);
        _settings = new AkkaSettings { Bind = AnyPort, Tls = CertificateFolder.Read(certificates, "seed"), AppVersion = "spec" };
    }

    internal EngineTls MemberTls => _settings.Tls;

    internal System.Security.Cryptography.X509Certificates.X509Certificate2 Certificate => _settings.Tls.Certificate;

    internal AkkaSettings MemberSettings => _settings with { Seed = _seed!.EndPoint };

    public override AkkaSeedEngine NewSeed(MemberRef self) => _seed = new AkkaSeedEngine(_settings, self, _uid);

    public override AkkaMemberEngine NewMember(MemberRef self) => new(MemberSettings, self);

    public override void Kill(IEngine member) => ((AkkaMemberEngine)member).Die();

    public override ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

public sealed class AkkaEngineSpec : EngineConformance
{
    protected override int Joins => 30; // each is an actor system: half a second

    protected override EngineCluster NewCluster() => new AkkaEngines();
}
