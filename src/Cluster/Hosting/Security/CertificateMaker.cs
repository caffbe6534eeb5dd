using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Hosting.Store;

namespace ActorRing.Cluster.Hosting.Security;

/// <summary>Makes the authority, the token and the certificates of a cluster: ECDSA on P-256, keys in files of mode 0600 in a folder of mode 0700.</summary>
/// <remarks>Nothing is overwritten. A new folder appears complete or not at all; what is added to one is taken back if one file of it cannot be made.</remarks>
public static partial class CertificateMaker
{
    private const int AuthorityDays = 3650;

    // Clocks of two machines differ by less.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(5);

    /// <summary>Makes certificates, and before them the authority and the token where there is no such folder yet.</summary>
    /// <param name="folder">Full path.</param>
    /// <param name="names">Of members: <c>seed</c>, <c>console</c> for all consoles, any other for a rank's process.</param>
    /// <param name="hosts">Names and addresses of machines, in each certificate beside localhost and 127.0.0.1. Members do not ask for them; other programs may.</param>
    /// <param name="days">How long they are valid, but never longer than the authority.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="ArgumentException">A name or a host is none that a certificate can carry; one line.</exception>
    /// <exception cref="InvalidDataException">Something of what is asked for exists, or the folder has no authority with its key.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Make(string folder, IReadOnlyList<string> names, IReadOnlyList<string> hosts, int days, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(hosts);
        foreach (var name in names)
        {
            RequireName(name);
        }

        if (names.Distinct(StringComparer.Ordinal).Count() != names.Count)
        {
            throw new ArgumentException($"--name is '{string.Join(' ', names)}', allowed: each name once");
        }

        foreach (var host in hosts)
        {
            RequireHost(host);
        }

        if (Directory.Exists(folder))
        {
            Extend(folder, names, hosts, days, now);
        }
        else
        {
            Begin(folder, names, hosts, days, now);
        }
    }

    private static void Begin(string folder, IReadOnlyList<string> names, IReadOnlyList<string> hosts, int days, DateTimeOffset now)
    {
        var parent = Path.GetDirectoryName(folder) ?? throw new ArgumentException($"--folder is '{folder}', allowed: a folder that can be made");
        Directory.CreateDirectory(parent);
        var building = Path.Combine(parent, $".{Path.GetFileName(folder)}.{Guid.NewGuid():N}");
        PrivateFolder.Ensure(building);
        try
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var authority = NewAuthority(key, now, Math.Max(days, AuthorityDays));
            var files = Issue(authority, names, hosts, days, now);
            files[CertificateFolder.Authority + CertificateFolder.Extension] = authority.ExportCertificatePem() + "\n";
            files[CertificateFolder.AuthorityKey] = key.ExportPkcs8PrivateKeyPem() + "\n";
            files[CertificateFolder.Token] = ClusterToken.NewText() + "\n";
            WriteAll(building, files);
            Directory.Move(building, folder);
        }
        catch
        {
            Directory.Delete(building, recursive: true);
            throw;
        }
    }

    private static void Extend(string folder, IReadOnlyList<string> names, IReadOnlyList<string> hosts, int days, DateTimeOffset now)
    {
        var key = Path.Combine(folder, CertificateFolder.AuthorityKey);
        var certificate = CertificateFolder.PathOf(folder, CertificateFolder.Authority);
        if (!File.Exists(key) || !File.Exists(certificate))
        {
            throw new InvalidDataException($"{folder}: exists and has no authority.pem with authority.key; allowed: a folder that actorring certificates new made, or one that is not there yet");
        }

        if (names.FirstOrDefault(name => File.Exists(CertificateFolder.PathOf(folder, name))) is { } taken)
        {
            throw new InvalidDataException($"{CertificateFolder.PathOf(folder, taken)}: exists already, and nothing is overwritten; to make a new one, remove it first");
        }

        PrivateFolder.Ensure(folder);
        using var signer = LoadAuthority(certificate, key);
        WriteAll(folder, Issue(signer, names, hosts, days, now));
    }

    private static X509Certificate2 LoadAuthority(string certificate, string key)
    {
        using var alone = CertificateFolder.Load(certificate, withKey: false);
        using var signer = ECDsa.Create();
        try
        {
            signer.ImportFromPem(PrivateFile.Read(key, "key", 64 << 10));
            return alone.CopyWithPrivateKey(signer);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"{key}: is not the key of {certificate}", fault);
        }
    }

    private static X509Certificate2 NewAuthority(ECDsa key, DateTimeOffset now, int days)
    {
        var request = new CertificateRequest($"CN=ActorRing cluster {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(now - Slack, now.AddDays(days));
    }

    private static SortedDictionary<string, string> Issue(X509Certificate2 authority, IReadOnlyList<string> names, IReadOnlyList<string> hosts, int days, DateTimeOffset now)
    {
        var from = Later(now - Slack, authority.NotBefore);
        var until = now.AddDays(days) < authority.NotAfter ? now.AddDays(days) : authority.NotAfter;
        if (until <= now)
        {
            throw new InvalidDataException($"the authority expired at {CertificateFlaw.Utc(authority.NotAfter)}; make another folder: actorring certificates new --folder DIR");
        }

        return new SortedDictionary<string, string>(names.ToDictionary(name => name + CertificateFolder.Extension, name => Issue(authority, name, hosts, from, until)), StringComparer.Ordinal);
    }

    private static string Issue(X509Certificate2 authority, string name, IReadOnlyList<string> hosts, DateTimeOffset from, DateTimeOffset until)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddDnsName(EngineTls.NameOf(name));
        foreach (var host in (string[])["localhost", "127.0.0.1", .. hosts])
        {
            if (IPAddress.TryParse(host, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(host);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(EngineTls.ServerUse), new Oid(EngineTls.ClientUse)], critical: true));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using var issued = request.Create(authority, from, until, RandomNumberGenerator.GetBytes(16));
        return $"{issued.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }

    // All get their names, or none does.
    private static void WriteAll(string folder, SortedDictionary<string, string> files)
    {
        var prepared = new List<(string Temporary, string Path)>();
        var named = new List<string>();
        try
        {
            foreach (var (name, text) in files)
            {
                var path = Path.Combine(folder, name);
                prepared.Add((PrivateFile.Prepare(path, text), path));
            }

            foreach (var (temporary, path) in prepared)
            {
                File.Move(temporary, path, overwrite: false);
                named.Add(path);
            }
        }
        catch
        {
            prepared.ForEach(file => File.Delete(file.Temporary));
            named.ForEach(File.Delete);
            throw;
        }
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static void RequireName(string name)
    {
        if (name == CertificateFolder.Authority || !MemberRef.IsValidName(name) || !DnsName().IsMatch(name) || name.StartsWith(Roles.ConsolePrefix, StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"--name is '{name}', allowed: seed, {EngineTls.Console} for all consoles, or a member's name of a-z 0-9 - with . between its parts, at most 64, not '{CertificateFolder.Authority}'");
        }
    }

    // A host that ends as members' names do would let its machine be that member.
    private static void RequireHost(string host)
    {
        if (!IPAddress.TryParse(host, out _) && (host.Length > 253 || !DnsName().IsMatch(host) || host.EndsWith(EngineTls.Domain, StringComparison.Ordinal)))
        {
            throw new ArgumentException($"--host is '{host}', allowed: an IP address, or a name of a-z 0-9 - with . between its parts, not ending in {EngineTls.Domain}");
        }
    }

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\z")]
    private static partial Regex DnsName();
}
