using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Security;
using ActorRing.Cluster.Specs.Hocon;

namespace ActorRing.Cluster.Specs.Engine;

/// <summary>A cluster of the embedded engine, in one process, in a folder of its own.</summary>
internal sealed class EmbeddedCluster(bool tcp = false, EngineTls? tls = null) : EngineCluster
{
    private readonly TempFolder _folder = new();
    private readonly Guid _uid = Guid.NewGuid();
    private EmbeddedSettings? _settings;
    private SeedEngine? _seed;

    internal string TokenFile => Path.Combine(_folder.Path, "token");

    internal EmbeddedSettings Settings => _settings ??= new EmbeddedSettings
    {
        Address = tcp ? EngineAddress.Parse("127.0.0.1:0") : EngineAddress.InFolder(_folder.Path),
        Token = ClusterToken.ReadOrCreate(TokenFile),
        AppVersion = "spec",
        Tls = tls,
    };

    /// <summary>As members need them: with the port that the seed got.</summary>
    internal EmbeddedSettings MemberSettings => Settings with { Address = _seed!.Address };

    public override SeedEngine NewSeed(MemberRef self) => _seed = new SeedEngine(Settings, self, _uid);

    public override MemberEngine NewMember(MemberRef self) => new(MemberSettings, self);

    public override void Kill(IEngine member) => ((MemberEngine)member).Die();

    public override ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
