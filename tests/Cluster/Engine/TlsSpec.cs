using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Security;

namespace ActorRing.Cluster.Specs.Engine;

public sealed class TlsSpec
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly X509Certificate2 _authority = Certificates.NewAuthority("ours");
    private readonly X509Certificate2 _own;
    private readonly ClusterToken _token = ClusterToken.Create();
    private readonly ConcurrentQueue<string> _lines = new();

    public TlsSpec() => _own = Certificates.Issue(_authority, "rank-1");

    [Fact]
    public async Task Members_must_talk_when_their_certificates_are_of_the_authority_and_carry_their_names()
    {
        await using var seed = await StartSeedAsync();
        var sink = new Recorder();
        await using var member = Member(seed, Certificates.Issue(_authority, "rank-1"));
        await member.StartAsync(sink, CancellationToken.None).WaitAsync(Deadline);
        seed.Tell(member.Self, "secret"u8.ToArray());
        await sink.AwaitFrames(1);
        Assert.Equal(["secret"], sink.Texts);
    }

    [Fact]
    public async Task Member_must_be_refused_when_its_certificate_is_of_another_member()
    {
        await using var seed = await StartSeedAsync();
        await using var member = Member(seed, Certificates.Issue(_authority, "rank-2"));
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => member.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Equal("the certificate is not of rank-1.actorring", refusal.Message);
    }

    [Theory]
    [InlineData("Rank-1")]
    [InlineData("rank_1")]
    public async Task Member_must_be_refused_when_DNS_would_take_its_name_for_that_of_another(string name)
    {
        await using var seed = await StartSeedAsync();
        await using var member = Member(seed, Certificates.Issue(_authority, "rank-1"), name);
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => member.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Equal($"the certificate is not of {name}.actorring", refusal.Message);
    }

    [Fact]
    public async Task Member_must_be_refused_on_both_sides_in_a_line_when_its_certificate_is_of_another_authority()
    {
        await using var seed = await StartSeedAsync();
        await using var member = Member(seed, Certificates.Issue(Certificates.NewAuthority("theirs"), "rank-1"));
        await IsRefused(seed, member, "the certificate of rank-1.actorring is not signed by the authority of this cluster");
    }

    [Fact]
    public async Task Member_must_be_refused_on_both_sides_in_a_line_when_its_certificate_is_for_servers_only()
    {
        await using var seed = await StartSeedAsync();
        await using var member = Member(seed, Certificates.Issue(_authority, "rank-1", uses: "1.3.6.1.5.5.7.3.1"));
        await IsRefused(seed, member, "the certificate of rank-1.actorring is not for this side of a connection");
    }

    [Fact]
    public async Task Member_must_be_refused_on_both_sides_in_a_line_when_its_certificate_expired()
    {
        await using var seed = await StartSeedAsync();
        var expired = Certificates.Issue(_authority, "rank-1", until: DateTimeOffset.UtcNow.AddMinutes(-1));
        await using var member = Member(seed, expired);
        await IsRefused(seed, member, $"the certificate of rank-1.actorring expired at {CertificateFlaw.Utc(expired.NotAfter)}");
    }

    [Fact]
    public async Task Member_must_be_refused_when_a_certificate_of_consoles_is_all_it_has()
    {
        await using var seed = await StartSeedAsync();
        await using var rank = Member(seed, Certificates.Issue(_authority, "console"));
        await IsRefused(seed, rank, "the certificate is not of rank-1.actorring", "the certificate is not of rank-1.actorring");
    }

    [Theory]
    [InlineData("console-7", "rank-1")]
    [InlineData("console", "console")]
    public async Task Console_must_be_refused_when_its_certificate_is_of_a_rank_or_its_name_that_of_all_consoles(string name, string certificate)
    {
        await using var seed = await StartSeedAsync();
        await using var console = Member(seed, Certificates.Issue(_authority, certificate), name);
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => console.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Equal("the certificate is not of console.actorring", refusal.Message);
        Assert.Equal("refused 127.0.0.1: the certificate is not of console.actorring", await LineAsync());
    }

    [Fact]
    public async Task Consoles_must_share_one_certificate()
    {
        await using var seed = await StartSeedAsync();
        await using var one = Member(seed, Certificates.Issue(_authority, "console"), "console-1");
        await using var other = Member(seed, Certificates.Issue(_authority, "console"), "console-2");
        await one.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline);
        await other.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline);
        Assert.Empty(_lines);
    }

    [Fact]
    public async Task Seed_must_say_why_when_a_client_shows_no_certificate()
    {
        await using var seed = await StartSeedAsync();
        await TryTlsAsync(seed, SslProtocols.Tls13);
        Assert.Equal("refused 127.0.0.1: it shows no certificate", await LineAsync());
    }

    [Fact]
    public async Task Seed_must_say_why_when_a_client_knows_only_an_older_TLS()
    {
        await using var seed = await StartSeedAsync();
        await TryTlsAsync(seed, SslProtocols.Tls12);
        Assert.StartsWith("refused 127.0.0.1: no agreement on TLS 1.3: ", await LineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Seed_must_say_why_when_a_client_speaks_plain_text()
    {
        await using var seed = await StartSeedAsync();
        using var socket = seed.Address.NewSocket();
        await socket.ConnectAsync(seed.Address.EndPoint);
        await socket.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        Assert.Equal("refused 127.0.0.1: it speaks plain text, and this port TLS only", await LineAsync());
    }

    [Fact]
    public async Task Seed_and_member_must_say_that_nothing_was_said_when_a_member_has_no_certificates()
    {
        await using var seed = await StartSeedAsync(limit: TimeSpan.FromMilliseconds(300));
        await using var member = new MemberEngine(Settings(seed.Address.Text, _own) with { Tls = null, HandshakeTimeout = TimeSpan.FromSeconds(10) }, new MemberRef("rank-1", 1));
        using var limit = new CancellationTokenSource();
        var joining = member.StartAsync(new Recorder(), limit.Token);
        Assert.Equal("refused 127.0.0.1: it has not said who it is within 0.3 s", await LineAsync());
        Assert.True(SpinWait.SpinUntil(() => member.LastFailure is not null, Deadline));
        Assert.Equal("it ended the connection before it let this member in; if it refused it, its log says why", member.LastFailure);
        await limit.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => joining.WaitAsync(Deadline));
    }

    [Fact]
    public async Task Member_must_turn_away_when_the_seed_speaks_plain_text()
    {
        await using var seed = new SeedEngine(Settings("127.0.0.1:0", _own) with { Tls = null }, new MemberRef("seed", 1), Guid.NewGuid());
        await seed.StartAsync(new Recorder(), CancellationToken.None);
        await using var member = Member(seed, _own);
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => member.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Contains("what listens there does not speak TLS 1.3", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Member_must_turn_away_when_the_certificate_is_not_of_the_seed()
    {
        await using var seed = await StartSeedAsync(_own);
        await using var member = Member(seed, _own);
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => member.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Equal($"address {seed.Address}: the certificates do not agree: the certificate is of rank-1.actorring, not of seed.actorring", refusal.Message);
    }

    [Fact]
    public async Task Member_must_turn_away_when_the_seed_is_of_another_authority()
    {
        var theirs = Certificates.NewAuthority("theirs");
        await using var seed = await StartSeedAsync(Certificates.Issue(theirs, "seed"), theirs);
        await using var member = Member(seed, _own);
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => member.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Equal($"address {seed.Address}: the certificates do not agree: the certificate of seed.actorring is not signed by the authority of this cluster", refusal.Message);
        Assert.Equal("refused 127.0.0.1: the certificate of rank-1.actorring is not signed by the authority of this cluster", await LineAsync());
    }

    [Fact]
    public void Engine_must_refuse_an_address_of_other_machines_when_it_has_no_certificates() =>
        Assert.Throws<InvalidOperationException>(() => new SeedEngine(Settings("0.0.0.0:0", _own) with { Tls = null }, new MemberRef("seed", 1), Guid.NewGuid()));

    private async Task<SeedEngine> StartSeedAsync(X509Certificate2? certificate = null, X509Certificate2? authority = null, TimeSpan? limit = null)
    {
        var settings = Settings("127.0.0.1:0", certificate ?? Certificates.Issue(_authority, "seed"), authority) with { Log = _lines.Enqueue };
        var seed = new SeedEngine(settings with { HandshakeTimeout = limit ?? settings.HandshakeTimeout }, new MemberRef("seed", 1), Guid.NewGuid());
        await seed.StartAsync(new Recorder(), CancellationToken.None);
        return seed;
    }

    private MemberEngine Member(SeedEngine seed, X509Certificate2 certificate, string name = "rank-1") => new(Settings(seed.Address.Text, certificate), new MemberRef(name, 1));

    private EmbeddedSettings Settings(string address, X509Certificate2 certificate, X509Certificate2? authority = null) => new()
    {
        Address = EngineAddress.Parse(address),
        Token = _token,
        AppVersion = "spec",
        Tls = new EngineTls(certificate, authority ?? _authority),
    };

    private async Task IsRefused(SeedEngine seed, MemberEngine member, string atSeed, string? atMember = null)
    {
        var refusal = await Assert.ThrowsAsync<EngineRefusedException>(() => member.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline));
        Assert.Equal(atMember ?? $"address {seed.Address}: the seed refuses this certificate: {atSeed}", refusal.Message);
        Assert.Equal($"refused 127.0.0.1: {atSeed}", await LineAsync());
    }

    // A stranger sees the end of its connection a moment before the seed speaks of it.
    private Task<string> LineAsync()
    {
        Assert.True(SpinWait.SpinUntil(() => !_lines.IsEmpty, Deadline), "the seed said nothing");
        return Task.FromResult(Assert.Single(_lines));
    }

    private static async Task TryTlsAsync(SeedEngine seed, SslProtocols protocol)
    {
        using var socket = seed.Address.NewSocket();
        await socket.ConnectAsync(seed.Address.EndPoint);
        await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: false), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
        var options = new SslClientAuthenticationOptions { TargetHost = "seed.actorring", EnabledSslProtocols = protocol };
        var failure = await Record.ExceptionAsync(async () =>
        {
            await stream.AuthenticateAsClientAsync(options, CancellationToken.None).WaitAsync(Deadline);
            Assert.Equal(0, await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(Deadline));
        });
        Assert.True(failure is null or AuthenticationException or IOException, $"{failure}");
    }
}
