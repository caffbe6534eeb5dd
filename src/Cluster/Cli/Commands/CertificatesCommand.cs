using System.CommandLine;
using System.Globalization;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Hosting.Security;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring certificates</c>: what members of several machines show each other.</summary>
internal static class CertificatesCommand
{
    private static readonly string[] UsualNames = ["seed", EngineTls.Console, "rank-0", "rank-1", "rank-2", "rank-3"];

    internal static Command Create() =>
        new("certificates", "Makes and shows the certificates of a cluster that listens beyond its folder's socket. Example: actorring certificates new --folder certificates") { New(), Show() };

    private static Command New()
    {
        var folder = new Option<string>("--folder") { Description = "Made if it is not there; otherwise certificates are added to it. Nothing is overwritten.", Required = true };
        var names = new Option<string[]>("--name")
        {
            Description = $"One certificate each: seed, {EngineTls.Console}, names of members. Default: {string.Join(' ', UsualNames)}.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => UsualNames,
        };
        var hosts = new Option<string[]>("--host") { Description = "Names and addresses of machines to put in beside localhost and 127.0.0.1.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        var days = NumberOption.Of("--days", "How long they are valid; the authority is for ten years at least.", 90, 1, 36_500);
        var command = new Command("new", "Makes an authority, a token and certificates. Example: actorring certificates new --folder certificates --name seed console rank-0") { folder, names, hosts, days };
        command.SetAction(result =>
        {
            var path = Path.GetFullPath(result.GetValue(folder)!);
            var made = result.GetValue(names)!;
            CertificateMaker.Make(path, made, result.GetValue(hosts)!, result.GetValue(days), DateTimeOffset.UtcNow);
            Console.WriteLine($"{path}: {string.Join(", ", made)}");
            Console.WriteLine("another machine needs authority.pem, token and NAME.pem of each member it runs; authority.key stays here: whoever has it can let others in");
        });
        return command;
    }

    private static Command Show()
    {
        var folder = new Argument<string>("folder") { Description = "As certificates new made it." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("show", "Lists names, SHA-256 fingerprints, and when they expire. Example: actorring certificates show certificates") { folder, json };
        command.SetAction(result =>
        {
            var rows = CertificateFolder.List(Path.GetFullPath(result.GetValue(folder)!));
            Console.WriteLine(
                result.GetValue(json)
                    ? BenchJson.Of(rows.Select(row => new { row.Name, row.Sha256, expires = row.NotAfter, row.Flaw }))
                    : string.Join('\n', rows.Select(Line)));
        });
        return command;
    }

    private static string Line(CertificateRow row) => string.Create(CultureInfo.InvariantCulture, $"{row.Name,-12}  expires {row.NotAfter:yyyy-MM-dd}  sha256 {row.Sha256}  {row.Flaw ?? "valid"}");
}
