using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Embedded.Security;
using ActorRing.Cluster.Hosting.Engine;

namespace ActorRing.Cluster.Specs.Engine;

public sealed class TlsSpec
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly X509Certificate2 _authority = NewAuthority("ours");
    private readonly ClusterToken _token = ClusterToken.Create();

    [Fact]
    public async Task Members_must_talk_when_their_certificates_are_of_the_authority_and_carry_their_names()
    {
        await using var seed = await StartSeedAsync();
        var sink = new Recorder();
        await using var member = Member(seed, Issue(_authority, "rank-1"));
        await member.StartAsync(sink, CancellationToken.None).WaitAsync(Deadline);
        seed.Tell(member.Self, "secret"u8.ToArray());
        await sink.AwaitFrames(1);
        Assert.Equal(["secret"], sink.Texts);
    }

    [Fact]
    public async Task Member_must_be_refused_when_its_certificate_is_of_another_member()
    {
        await using var seed = await StartSeedAsync();
        await using var member = Member(seed, Issue(_authority, "rank-2"));
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => member.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Equal("the certificate is not of rank-1.actorring", refusal.Message);
    }

    [Theory]
    [InlineData("Rank-1")]
    [InlineData("rank_1")]
    public async Task Member_must_be_refused_when_DNS_would_take_its_name_for_that_of_another(string name)
    {
        await using var seed = await StartSeedAsync();
        await using var member = Member(seed, Issue(_authority, "rank-1"), name);
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => member.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Equal($"the certificate is not of {name}.actorring", refusal.Message);
    }

    [Fact]
    public async Task Member_must_not_join_when_its_certificate_is_of_another_authority()
    {
        await using var seed = await StartSeedAsync();
        await using var member = Member(seed, Issue(NewAuthority("theirs"), "rank-1"));
        await NeverJoins(seed, member);
    }

    [Fact]
    public async Task Member_must_not_join_when_its_certificate_is_for_servers_only()
    {
        await using var seed = await StartSeedAsync();
        await using var member = Member(seed, Issue(_authority, "rank-1", "1.3.6.1.5.5.7.3.1"));
        await NeverJoins(seed, member);
    }

    [Fact]
    public async Task Member_must_turn_away_when_the_certificate_is_not_of_the_seed()
    {
        await using var seed = await StartSeedAsync(Issue(_authority, "rank-1"));
        await using var member = Member(seed, Issue(_authority, "rank-1"));
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => member.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Contains("the certificates do not agree", refusal.Message, StringComparison.Ordinal);
    }

    private async Task<SeedEngine> StartSeedAsync(X509Certificate2? certificate = null)
    {
        var seed = new SeedEngine(Settings("127.0.0.1:0", certificate ?? Issue(_authority, "seed")), new MemberRef("seed", 1), Guid.NewGuid());
        await seed.StartAsync(new Recorder(), CancellationToken.None);
        return seed;
    }

    private MemberEngine Member(SeedEngine seed, X509Certificate2 certificate, string name = "rank-1") => new(Settings(seed.Address.Text, certificate), new MemberRef(name, 1));

    private EmbeddedSettings Settings(string address, X509Certificate2 certificate) => new()
    {
        Address = EngineAddress.Parse(address),
        Token = _token,
        AppVersion = "spec",
        Tls = new EngineTls(certificate, _authority),
    };

    // In TLS 1.3 a client learns of its refusal only by the end of the connection, and tries again: the seed's count says that it was heard.
    private static async Task NeverJoins(SeedEngine seed, MemberEngine member)
    {
        // Who is refused tries again until it is told to stop: it is told once the seed has refused it.
        using var limit = new CancellationTokenSource();
        var joining = member.StartAsync(new Recorder(), limit.Token);
        SpinWait.SpinUntil(() => seed.Refused > 0 || joining.IsCompleted, Deadline);
        await limit.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => joining.WaitAsync(Deadline));
        Assert.True(seed.Refused > 0);
    }

    private static X509Certificate2 NewAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddHours(1));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string member, params string[] uses)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={member}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(EngineTls.NameOf(member));
        request.CertificateExtensions.Add(names.Build());
        string[] both = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. (uses.Length > 0 ? uses : both).Select(use => new Oid(use))], true));
        using var issued = request.Create(authority, DateTimeOffset.UtcNow.AddMinutes(-4), DateTimeOffset.UtcNow.AddMinutes(50), RandomNumberGenerator.GetBytes(16));
        using var withKey = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), null);
    }
}
