using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace ActorRing.Cluster.Hosting.Security;

/// <summary>Why a certificate is not accepted, in one line. Names in it are a stranger's: they are cut short and hold nothing that steers a terminal.</summary>
internal static class CertificateFlaw
{
    private const int LongestName = 80;

    // What chains are checked for beside the signature.
    private const X509ChainStatusFlags Harmless = X509ChainStatusFlags.NotTimeValid | X509ChainStatusFlags.NotTimeNested | X509ChainStatusFlags.NotValidForUsage;

    /// <summary>What is wrong with a peer's certificate; null if nothing is.</summary>
    internal static string? Of(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is not X509Certificate2 known ? "it shows no certificate"
        : errors == SslPolicyErrors.None ? null
        : chain is null ? $"the certificate of {NamesOf(known)} cannot be checked"
        : OfChain(known, chain);

    /// <summary>What made a chain fail.</summary>
    internal static string OfChain(X509Certificate2 certificate, X509Chain chain)
    {
        var flags = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        var what = $"the certificate of {NamesOf(certificate)}";
        return (flags & ~Harmless) != 0 || flags == X509ChainStatusFlags.NoError ? $"{what} is not signed by the authority of this cluster"
            : !flags.HasFlag(X509ChainStatusFlags.NotTimeValid) ? $"{what} is not for this side of a connection"
            : certificate.NotAfter < chain.ChainPolicy.VerificationTime ? $"{what} expired at {Utc(certificate.NotAfter)}"
            : certificate.NotBefore > chain.ChainPolicy.VerificationTime ? $"{what} is valid only from {Utc(certificate.NotBefore)} on; compare the clocks of the machines"
            : "the authority of this cluster is not valid at this time";
    }

    /// <summary>A certificate of somebody else.</summary>
    internal static string OfName(X509Certificate2 certificate, string expected) => $"the certificate is of {NamesOf(certificate)}, not of {expected}";

    /// <summary>A time as certificates are printed.</summary>
    internal static string Utc(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);

    private static string NamesOf(X509Certificate2 certificate)
    {
        string[] names;
        try
        {
            names = [.. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames())];
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            names = [];
        }

        var name = names.FirstOrDefault(name => name.EndsWith(EngineTls.Domain, StringComparison.Ordinal)) ?? names.FirstOrDefault() ?? certificate.Subject;
        return string.Concat(name.Take(LongestName).Select(letter => char.IsControl(letter) ? '?' : letter));
    }
}
