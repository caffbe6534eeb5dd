using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using ActorRing.Cluster.Hosting.Security;
using ActorRing.Cluster.Specs.Hocon;

namespace ActorRing.Cluster.Specs.Cli;

#pragma warning disable CA1416 // Linux only, as all of the cluster is.
#pragma warning disable CA1001 // xunit disposes by IDisposable.
[Collection(OneConsole.Name)]
public sealed class CertificatesCommandSpec : IDisposable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TempFolder _home = new();

    private string Folder => Path.Combine(_home.Path, "certificates");

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Certificates_must_be_made_for_their_owner_alone_and_carry_names_hosts_and_uses()
    {
        Assert.Equal(0, New("--name", "seed", "rank-0", "--host", "10.0.0.5", "node7", "--days", "3").ExitCode);

        Assert.Equal(["authority.key", "authority.pem", "rank-0.pem", "seed.pem", "token"], Names(Folder));
        Assert.Equal(Owner | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
        Assert.All(Directory.GetFiles(Folder), file => Assert.Equal(Owner, File.GetUnixFileMode(file)));
        var tls = CertificateFolder.Read(Folder, "rank-0");
        Assert.Null(tls.FlawAs("rank-0", listens: false));
        Assert.Null(tls.FlawAs("rank-0", listens: true));
        Assert.Equal("the certificate is of rank-0.actorring, not of rank-1.actorring", tls.FlawAs("rank-1", listens: false));
        Assert.InRange(tls.Certificate.NotAfter, DateTime.Now.AddDays(2.9), DateTime.Now.AddDays(3.1));
        var names = tls.Certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        Assert.Equal(["rank-0.actorring", "localhost", "node7"], names.EnumerateDnsNames());
        Assert.Equal(["127.0.0.1", "10.0.0.5"], names.EnumerateIPAddresses().Select(address => address.ToString()));
    }

    [Fact]
    public void Certificates_must_be_added_under_the_same_authority_when_the_folder_is_there()
    {
        Assert.Equal(0, New("--name", "seed").ExitCode);
        var token = File.ReadAllText(Path.Combine(Folder, "token"));

        Assert.Equal(0, New("--name", "rank-9").ExitCode);

        Assert.Equal(["authority.key", "authority.pem", "rank-9.pem", "seed.pem", "token"], Names(Folder));
        Assert.Equal(token, File.ReadAllText(Path.Combine(Folder, "token")));
        Assert.Null(CertificateFolder.Read(Folder, "rank-9").FlawAs("rank-9", listens: false));
    }

    [Fact]
    public void Certificates_must_not_be_made_at_all_when_one_of_them_is_there()
    {
        Assert.Equal(0, New("--name", "seed").ExitCode);
        var seed = File.ReadAllText(Path.Combine(Folder, "seed.pem"));

        var run = New("--name", "rank-0", "seed");

        Assert.Equal(2, run.ExitCode);
        Assert.Equal($"actorring: {Folder}/seed.pem: exists already, and nothing is overwritten; to make a new one, remove it first", Assert.Single(run.Errors));
        Assert.Equal(["authority.key", "authority.pem", "seed.pem", "token"], Names(Folder));
        Assert.Equal(seed, File.ReadAllText(Path.Combine(Folder, "seed.pem")));
    }

    [Theory]
    [InlineData("--name", "Rank-0", "--name is 'Rank-0', allowed: ")]
    [InlineData("--name", "rank_0", "--name is 'rank_0', allowed: ")]
    [InlineData("--name", "../seed", "--name is '../seed', allowed: ")]
    [InlineData("--name", "authority", "--name is 'authority', allowed: ")]
    [InlineData("--name", "console-1", "--name is 'console-1', allowed: ")]
    [InlineData("--host", "seed.actorring", "--host is 'seed.actorring', allowed: ")]
    [InlineData("--host", "*.example", "--host is '*.example', allowed: ")]
    [InlineData("--days", "0", "--days is '0', allowed: ")]
    public void Certificates_must_be_refused_in_a_line_and_nothing_be_left_when_a_value_is_wrong(string option, string value, string message)
    {
        var run = New(option, value);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"actorring: {message}", Assert.Single(run.Errors), StringComparison.Ordinal);
        Assert.Empty(Names(_home.Path));
    }

    [Fact]
    public void Certificates_must_not_be_made_in_a_folder_that_holds_something_else()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "notes"), "mine");

        var run = New();

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"actorring: {Folder}: exists and has no authority.pem with authority.key; allowed: ", Assert.Single(run.Errors), StringComparison.Ordinal);
        Assert.Equal(["notes"], Names(Folder));
    }

    [Fact]
    public void Show_must_list_fingerprints_and_expiry_and_what_is_wrong()
    {
        Assert.Equal(0, New("--name", "seed", "console", "rank-0").ExitCode);
        File.Copy(Path.Combine(Folder, "seed.pem"), Path.Combine(Folder, "rank-1.pem"));

        var run = CommandRun.Of("certificates", "show", Folder, "--json");

        Assert.Equal(0, run.ExitCode);
        using var rows = JsonDocument.Parse(run.Output);
        Assert.Equal(["authority", "console", "rank-0", "rank-1", "seed"], rows.RootElement.EnumerateArray().Select(row => row.GetProperty("name").GetString()));
        Assert.Equal(
            [null, null, null, "the certificate is of seed.actorring, not of rank-1.actorring", null], rows.RootElement.EnumerateArray().Select(row => row.GetProperty("flaw").GetString()));
        using var seed = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Folder, "seed.pem"));
        Assert.Equal(seed.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256), rows.RootElement[4].GetProperty("sha256").GetString(), ignoreCase: true);
        Assert.Equal(seed.NotAfter.ToUniversalTime(), rows.RootElement[4].GetProperty("expires").GetDateTime());
    }

    [Fact]
    public void Key_must_be_refused_when_others_can_read_it()
    {
        Assert.Equal(0, New("--name", "rank-0").ExitCode);
        File.SetUnixFileMode(Path.Combine(Folder, "rank-0.pem"), Owner | UnixFileMode.GroupRead);

        var run = CommandRun.Of("member", "--name", "rank-0", "--seed", "127.0.0.1:1", "--certificates", Folder);

        Assert.Equal(1, run.ExitCode);
        Assert.Equal($"actorring: {Folder}/rank-0.pem: mode 640 lets others read the key; run: chmod 600 {Folder}/rank-0.pem", Assert.Single(run.Errors));
    }

    [Theory]
    [InlineData("seed --bind 0.0.0.0:4053", "--bind is 0.0.0.0:4053, beyond this machine, where certificates are needed: actorring certificates new")]
    [InlineData("jobs list --seed 192.0.2.1:4053", "--seed is 192.0.2.1:4053, beyond this machine, where certificates are needed: actorring certificates new")]
    [InlineData("ring --seed 4053", "--seed is '4053', allowed: HOST:PORT")]
    [InlineData("ring --seed ::1", "--seed is '::1', allowed: HOST:PORT")]
    [InlineData("ring --seed 127.0.0.1:0", "--seed is '127.0.0.1:0', allowed: HOST:PORT")]
    [InlineData("ring --seed 127.0.0.1:70000", "--seed is '127.0.0.1:70000', allowed: HOST:PORT")]
    [InlineData("ring --seed 127.0.0.1:4053 --state nowhere", "nowhere, which has no token; a seed with certificates needs --certificates DIR here too")]
    [InlineData("cluster show --certificates nowhere", "--certificates is ")]
    [InlineData("cluster show --seed 127.0.0.1:4053 --certificates nowhere", "nowhere: there is no such folder")]
    public void Address_must_be_refused_in_a_line_when_it_is_none_or_open_to_others(string line, string message)
    {
        var run = CommandRun.Of(line.Split(' '));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    private CommandRun New(params string[] arguments) => CommandRun.Of(["certificates", "new", "--folder", Folder, .. arguments]);

    private static IEnumerable<string> Names(string folder) => Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}
