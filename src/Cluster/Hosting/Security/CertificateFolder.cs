using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorRing.Cluster.Hosting.Machines;

namespace ActorRing.Cluster.Hosting.Security;

/// <summary>One certificate of a folder.</summary>
/// <param name="Name">Of the member; <c>authority</c> for the one that signs the others.</param>
/// <param name="Sha256">Fingerprint, lower-case hexadecimal.</param>
/// <param name="NotAfter">When it expires, UTC.</param>
/// <param name="Flaw">What is wrong with it, in one line; null if nothing is.</param>
public sealed record CertificateRow(string Name, string Sha256, DateTime NotAfter, string? Flaw);

/// <summary>
/// What a process needs for mutual TLS: <c>authority.pem</c>, <c>token</c> and <c>NAME.pem</c>, its certificate with its key. Whoever has <c>authority.key</c> as well
/// can let others in.
/// </summary>
public static class CertificateFolder
{
    internal const string Authority = "authority";
    internal const string AuthorityKey = "authority.key";
    internal const string Token = "token";
    internal const string Extension = ".pem";
    private const int LargestBytes = 64 << 10;

    /// <summary>What the member of a name shows, and whom it believes.</summary>
    /// <exception cref="FileNotFoundException">A file is missing; one line with what there is.</exception>
    /// <exception cref="InvalidDataException">A file holds something else.</exception>
    /// <exception cref="UnauthorizedAccessException">Others can read the key.</exception>
    public static EngineTls Read(string folder, string name)
    {
        RequireFolder(folder);
        var authority = PathOf(folder, Authority);
        Require(authority, "authority.pem is needed, as actorring certificates new made it");
        var own = PathOf(folder, name);
        var others = string.Join(", ", NamesIn(folder));
        Require(own, $"'{name}' has no certificate; those that have: {(others.Length > 0 ? others : "none")}; make it with actorring certificates new --folder {folder} --name {name}, where authority.key is");
        return new EngineTls(Load(own, withKey: true), Load(authority, withKey: false));
    }

    /// <summary>The cluster's token.</summary>
    /// <exception cref="FileNotFoundException">It is missing.</exception>
    /// <exception cref="InvalidDataException">The file holds something else.</exception>
    /// <exception cref="UnauthorizedAccessException">Others can read it.</exception>
    public static ClusterToken ReadToken(string folder)
    {
        var file = Path.Combine(folder, Token);
        Require(file, "the token is needed, as actorring certificates new made it");
        return ClusterToken.Read(file);
    }

    /// <summary>All certificates, the authority's first.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">It has no authority.</exception>
    /// <exception cref="InvalidDataException">A file holds something else.</exception>
    /// <exception cref="UnauthorizedAccessException">Others can read a key.</exception>
    public static IReadOnlyList<CertificateRow> List(string folder)
    {
        RequireFolder(folder);
        var file = PathOf(folder, Authority);
        Require(file, "is no folder of certificates; make one: actorring certificates new --folder DIR");
        using var authority = Load(file, withKey: false);
        var rows = new List<CertificateRow> { RowOf(Authority, authority, authority.NotAfter < DateTime.Now ? $"expired at {CertificateFlaw.Utc(authority.NotAfter)}" : null) };
        foreach (var name in NamesIn(folder))
        {
            using var certificate = Load(PathOf(folder, name), withKey: true);
            rows.Add(RowOf(name, certificate, new EngineTls(certificate, authority).FlawAs(name == EngineTls.Console ? Roles.ConsolePrefix : name, listens: false)));
        }

        return rows;
    }

    internal static string PathOf(string folder, string name) => Path.Combine(folder, name + Extension);

    internal static X509Certificate2 Load(string file, bool withKey)
    {
        try
        {
            var text = withKey ? PrivateFile.Read(file, "key", LargestBytes) : File.ReadAllText(file);
            return withKey ? X509Certificate2.CreateFromPem(text, text) : X509Certificate2.CreateFromPem(text);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"{file}: holds no certificate{(withKey ? " with its key" : "")}: {fault.Message.ReplaceLineEndings(" ")}", fault);
        }
    }

    private static CertificateRow RowOf(string name, X509Certificate2 certificate, string? flaw) =>
        new(name, certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant(), certificate.NotAfter.ToUniversalTime(), flaw);

    private static IEnumerable<string> NamesIn(string folder) =>
        Directory.EnumerateFiles(folder, "*" + Extension).Select(file => Path.GetFileNameWithoutExtension(file)).Where(name => name != Authority).Order(StringComparer.Ordinal);

    private static void RequireFolder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"{folder}: there is no such folder; certificates are made by: actorring certificates new --folder DIR");
        }
    }

    private static void Require(string file, string why)
    {
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"{file}: {why}");
        }
    }
}
