using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorRing.Cluster.Hosting.Machines;

namespace ActorRing.Cluster.Hosting.Security;

/// <summary>Mutual TLS 1.3 under a private authority: nobody else's certificate counts, the system's roots included.</summary>
/// <param name="Certificate">This process's own, with its key; its subject alternative name must be <see cref="NameOf"/> of its member name.</param>
/// <param name="Authority">Signs all certificates of the cluster.</param>
public sealed record EngineTls(X509Certificate2 Certificate, X509Certificate2 Authority)
{
    /// <summary>Whose certificate all consoles have: their own names differ from run to run.</summary>
    public const string Console = "console";

    /// <summary>What DNS names of certificates end in.</summary>
    internal const string Domain = ".actorring";

    internal const string ServerUse = "1.3.6.1.5.5.7.3.1";
    internal const string ClientUse = "1.3.6.1.5.5.7.3.2";

    /// <summary>
    /// The DNS name that a member's certificate must carry: its own, or that of all consoles. DNS knows neither capitals nor underscores: a member whose name has one
    /// has no certificate.
    /// </summary>
    public static string NameOf(string member) => $"{(member.StartsWith(Roles.ConsolePrefix, StringComparison.Ordinal) ? Console : member)}{Domain}";

    /// <summary>What is wrong with this process's own certificate, in one line; null if nothing is.</summary>
    /// <param name="member">Who this process is.</param>
    /// <param name="listens">Whether it is the seed.</param>
    public string? FlawAs(string member, bool listens)
    {
        using var chain = new X509Chain { ChainPolicy = Policy(listens ? ServerUse : ClientUse) };
        return !chain.Build(Certificate) ? CertificateFlaw.OfChain(Certificate, chain) : IsOf(Certificate, member) ? null : CertificateFlaw.OfName(Certificate, NameOf(member));
    }

    /// <summary>Whether a peer's certificate is of the member it says it is.</summary>
    internal static bool IsOf(X509Certificate? certificate, string member) =>
        member != Console && member.All(c => !char.IsAsciiLetterUpper(c) && c != '_')
        && certificate is X509Certificate2 known && known.MatchesHostname(NameOf(member), allowWildcards: false, allowCommonName: false);

    /// <summary>Whom this cluster believes, for these uses of a certificate.</summary>
    internal X509ChainPolicy Policy(params ReadOnlySpan<string> uses)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.Add(Authority);
        foreach (var use in uses)
        {
            policy.ApplicationPolicy.Add(new Oid(use));
        }

        return policy;
    }
}
