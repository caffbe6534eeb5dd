using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ActorRing.Cluster.Embedded.Security;

/// <summary>Mutual TLS 1.3 under a private authority: nobody else's certificate counts, the system's roots included.</summary>
/// <param name="Certificate">This process's own, with its key; its subject alternative name must be <see cref="NameOf"/> of its member name.</param>
/// <param name="Authority">Signs all certificates of the cluster.</param>
public sealed record EngineTls(X509Certificate2 Certificate, X509Certificate2 Authority)
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";

    /// <summary>The DNS name that a member's certificate must carry. DNS knows neither capitals nor underscores: a member whose name has one has no certificate.</summary>
    public static string NameOf(string member) => $"{member}.actorring";

    /// <summary>Whether a peer's certificate is of the member it says it is.</summary>
    internal static bool IsOf(X509Certificate? certificate, string member) =>
        member.All(c => !char.IsAsciiLetterUpper(c) && c != '_') && certificate is X509Certificate2 known && known.MatchesHostname(NameOf(member), allowWildcards: false, allowCommonName: false);

    internal async Task<SslStream> AcceptAsync(Stream stream, CancellationToken ct)
    {
        var secure = new SslStream(stream);
        await secure.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificate = Certificate,
                ClientCertificateRequired = true,
                EnabledSslProtocols = SslProtocols.Tls13,
                CertificateChainPolicy = Policy(ClientUse),
                RemoteCertificateValidationCallback = (_, certificate, _, errors) => certificate is not null && errors == SslPolicyErrors.None,
            },
            ct).ConfigureAwait(false);
        return secure;
    }

    internal async Task<SslStream> ConnectAsync(Stream stream, string seed, CancellationToken ct)
    {
        var secure = new SslStream(stream);
        await secure.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = NameOf(seed),
                ClientCertificates = [Certificate],
                EnabledSslProtocols = SslProtocols.Tls13,
                CertificateChainPolicy = Policy(ServerUse),
                RemoteCertificateValidationCallback = (_, certificate, _, errors) => errors == SslPolicyErrors.None && IsOf(certificate, seed),
            },
            ct).ConfigureAwait(false);
        return secure;
    }

    private X509ChainPolicy Policy(string use)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.Add(Authority);
        policy.ApplicationPolicy.Add(new Oid(use));
        return policy;
    }
}
