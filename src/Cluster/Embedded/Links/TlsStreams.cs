using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ActorRing.Cluster.Hosting.Security;

namespace ActorRing.Cluster.Embedded.Links;

/// <summary>Connections under a cluster's certificates: TLS 1.3, both sides shown and checked.</summary>
internal static class TlsStreams
{
    /// <exception cref="RefusedException">The peer's certificate is not accepted, or there is none, or what comes is not TLS 1.3; one line with the reason.</exception>
    internal static async Task<SslStream> AcceptAsync(this EngineTls tls, Stream stream, CancellationToken ct)
    {
        string? flaw = null;
        var secure = new SslStream(stream);
        try
        {
            await secure.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificate = tls.Certificate,
                    ClientCertificateRequired = true,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    CertificateChainPolicy = tls.Policy(EngineTls.ClientUse),
                    RemoteCertificateValidationCallback = (_, certificate, chain, errors) => (flaw = CertificateFlaw.Of(certificate, chain, errors)) is null,
                },
                ct).ConfigureAwait(false);
            return secure;
        }
        catch (AuthenticationException failure)
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw new RefusedException(flaw ?? $"no agreement on TLS 1.3: {Innermost(failure)}");
        }
        catch
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <exception cref="AuthenticationException">The seed's certificate is not accepted, or what listens there does not speak TLS 1.3; one line with the reason.</exception>
    internal static async Task<SslStream> ConnectAsync(this EngineTls tls, Stream stream, string seed, CancellationToken ct)
    {
        string? flaw = null;
        var secure = new SslStream(stream);
        try
        {
            await secure.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = EngineTls.NameOf(seed),
                    // Shown whoever the seed says it believes: a wrong one is to be refused for what it is, not for being absent.
                    LocalCertificateSelectionCallback = (_, _, _, _, _) => tls.Certificate,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    CertificateChainPolicy = tls.Policy(EngineTls.ServerUse),
                    RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                        (flaw = CertificateFlaw.Of(certificate, chain, errors & ~SslPolicyErrors.RemoteCertificateNameMismatch)
                            ?? (EngineTls.IsOf(certificate, seed) ? null : CertificateFlaw.OfName((X509Certificate2)certificate!, EngineTls.NameOf(seed)))) is null,
                },
                ct).ConfigureAwait(false);
            return secure;
        }
        catch (AuthenticationException failure)
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw new AuthenticationException(flaw ?? $"what listens there does not speak TLS 1.3: {Innermost(failure)}", failure);
        }
        catch
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static string Innermost(Exception failure) => failure.GetBaseException().Message.ReplaceLineEndings(" ");
}
