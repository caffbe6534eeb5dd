using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ActorRing.Cluster.Akka;
using ActorRing.Cluster.Akka.Wire;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Security;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace ActorRing.Cluster.Specs.Engine.Akka;

/// <summary>Who reaches the port of a node and does not belong to the cluster.</summary>
public sealed class AkkaStrangerSpec : IAsyncLifetime, IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private AkkaEngines _cluster = null!;
    private readonly Recorder _atSeed = new();
    private AkkaSeedEngine _seed = null!;
    private AkkaMemberEngine _member = null!;

    public async Task InitializeAsync()
    {
        _cluster = new AkkaEngines();
        _seed = _cluster.NewSeed(new MemberRef("seed", 1));
        await _seed.StartAsync(_atSeed, CancellationToken.None);
        _member = _cluster.NewMember(new MemberRef("rank-0", 1));
        await _member.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline);
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await _member.DisposeAsync();
        await _seed.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Node_must_go_on_when_hundreds_say_something_else_than_TLS_or_leave_in_the_middle_of_it()
    {
        var random = new Random(7);
        for (var nth = 0; nth < 300; nth++)
        {
            using var stranger = new TcpClient();
            await stranger.ConnectAsync(_seed.EndPoint);
            if (nth % 3 == 0)
            {
                await stranger.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
            }
            else if (nth % 3 == 1)
            {
                var garbage = new byte[random.Next(1, 2000)];
                random.NextBytes(garbage);
                await stranger.GetStream().WriteAsync(garbage);
            }
        }

        await AssertWorksAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Node_must_refuse_who_shows_no_certificate_or_one_of_another_cluster(bool shows)
    {
        await using var others = new AkkaEngines();
        using var stranger = new TcpClient();
        await stranger.ConnectAsync(_seed.EndPoint);
        using var stream = new SslStream(stranger.GetStream(), false, (_, certificate, _, _) => certificate is not null);
        var certificates = shows ? new X509CertificateCollection { others.Certificate } : null;

        // A client may believe that it is in until it reads.
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await stream.AuthenticateAsClientAsync("x", certificates, SslProtocols.None, checkCertificateRevocation: false).WaitAsync(Deadline);
            await stream.WriteAsync(new byte[64]);
            if (await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(Deadline) == 0)
            {
                throw new IOException("ended");
            }
        });
        await AssertWorksAsync();
    }

    [Fact]
    public async Task Seed_must_say_in_a_line_that_its_address_is_taken()
    {
        await using var second = new AkkaSeedEngine(_cluster.MemberSettings with { Seed = null, Bind = _seed.EndPoint }, new MemberRef("seed", 2), Guid.NewGuid());

        var failure = await Assert.ThrowsAsync<IOException>(() => second.StartAsync(new Recorder(), CancellationToken.None));

        Assert.Equal($"address {_seed.EndPoint}: cannot be listened on: Address already in use", failure.Message);
    }

    [Fact]
    public async Task Member_of_another_cluster_must_not_join()
    {
        await using var others = new AkkaEngines();
        await using var member = new AkkaMemberEngine(_cluster.MemberSettings with { Tls = others.MemberTls }, new MemberRef("rank-1", 1));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => member.StartAsync(new Recorder(), patience.Token));

        Assert.Null(_atSeed.Views[^1].Find("rank-1"));
        await AssertWorksAsync();
    }

    [Fact]
    public async Task Serializers_must_carry_the_frame_and_nothing_else()
    {
        var config = ConfigurationFactory.ParseString($$"""
            akka { loglevel = OFF, stdout-loglevel = OFF, actor {
              serializers { hyperion = "{{typeof(FrameSerializer).AssemblyQualifiedName}}", json = "{{typeof(NoSerializer).AssemblyQualifiedName}}" }
              serialization-bindings { "{{typeof(EngineFrame).AssemblyQualifiedName}}" = hyperion } } }
            """).WithFallback(HyperionSerializer.DefaultConfiguration());
        var system = ActorSystem.Create("serializers", config);
        try
        {
            var carrier = system.Serialization.FindSerializerForType(typeof(EngineFrame));
            var frame = carrier.FromBinary<EngineFrame>(carrier.ToBinary(new EngineFrame { Bytes = [1, 2, 3] }));
            Assert.Equal(new byte[] { 1, 2, 3 }, frame.Bytes);

            // What a peer could send: the same bytes of Hyperion, of a type that it chose.
            var hostile = new Hyperion.Serializer(Hyperion.SerializerOptions.Default.WithDisallowUnsafeType(false));
            using var stream = new MemoryStream();
            hostile.Serialize(new Uri("http://x/"), stream);
            Assert.ThrowsAny<Exception>(() => carrier.FromBinary<object>(stream.ToArray()));
            Assert.ThrowsAny<Exception>(() => carrier.ToBinary(new Uri("http://x/")));
            var rest = system.Serialization.FindSerializerForType(typeof(Uri));
            Assert.IsType<NoSerializer>(rest);
            Assert.Throws<NotSupportedException>(() => rest.ToBinary(new Uri("http://x/")));
            Assert.Throws<NotSupportedException>(() => rest.FromBinary<Uri>([1]));
        }
        finally
        {
            await system.Terminate();
        }
    }

    private async Task AssertWorksAsync()
    {
        var before = _atSeed.Frames.Count;
        _member.Tell(_seed.Self, "still here"u8.ToArray());
        await _atSeed.AwaitFrames(before + 1);
        await using var next = _cluster.NewMember(new MemberRef("rank-9", 9));
        await next.StartAsync(new Recorder(), CancellationToken.None).WaitAsync(Deadline);
    }
}
