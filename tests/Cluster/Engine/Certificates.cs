using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorRing.Cluster.Hosting.Security;

namespace ActorRing.Cluster.Specs.Engine;

/// <summary>Certificates as good and as bad as a spec wants them.</summary>
internal static class Certificates
{
    internal static X509Certificate2 NewAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddHours(1));
    }

    internal static X509Certificate2 Issue(X509Certificate2 authority, string member, DateTimeOffset? until = null, params string[] uses)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={member}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(EngineTls.NameOf(member));
        request.CertificateExtensions.Add(names.Build());
        string[] both = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. (uses.Length > 0 ? uses : both).Select(use => new Oid(use))], true));
        using var issued = request.Create(authority, DateTimeOffset.UtcNow.AddMinutes(-4), until ?? DateTimeOffset.UtcNow.AddMinutes(50), RandomNumberGenerator.GetBytes(16));
        using var withKey = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), null);
    }
}
