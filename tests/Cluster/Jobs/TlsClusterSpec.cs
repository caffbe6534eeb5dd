using System.Text.RegularExpressions;
using ActorRing.Cluster.Specs.Cli;

namespace ActorRing.Cluster.Specs.Jobs;

/// <summary>A cluster of real processes that listens at an address instead of its folder's socket.</summary>
[Collection(OneConsole.Name)]
public class TlsClusterSpec
{
    [Fact]
    public async Task Job_must_end_bit_equal_to_one_over_the_socket_when_all_its_processes_speak_TLS()
    {
        using var folder = new TrainingFolder();
        await using (var cluster = await ClusterProcess.StartAsync(folder.State, 2))
        {
            await cluster.AwaitEndAsync(await cluster.SubmitAsync(folder.Job("socket", steps: 8, 2, every: 4)));
        }

        var certificates = NewCertificates(folder, "certificates");
        await using var seed = ClusterProcess.Start(folder.At("far"), "seed", "--bind", "127.0.0.1:0", "--certificates", certificates);
        string[] place = ["--seed", AddressOf(seed, ", mutual TLS 1.3"), "--certificates", certificates];
        await using var first = ClusterProcess.Start(folder.At("nothing"), ["member", "--name", "rank-0", .. place]);
        await using var second = ClusterProcess.Start(folder.At("nothing"), ["member", "--name", "rank-1", .. place]);
        using var submit = new ChildProcess(["submit-training", folder.Job("tls", steps: 8, 2, every: 4), "--watch", .. place]);

        var run = submit.End();

        Assert.True(run.ExitCode == 0, $"{run.Output}\n{string.Join('\n', run.Errors)}\n{seed.Tail()}\n{first.Tail()}");
        folder.AssertSameResult("socket", "tls");
        Assert.Contains("rank-1", CommandRun.Of(["cluster", "show", .. place]).Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.At("nothing")));
    }

    [Fact]
    public async Task Console_must_be_refused_in_a_line_on_both_sides_when_its_certificate_is_of_a_rank_or_of_another_authority()
    {
        using var folder = new TrainingFolder();
        var certificates = NewCertificates(folder, "certificates");
        await using var seed = ClusterProcess.Start(folder.State, "seed", "--bind", "127.0.0.1:0", "--certificates", certificates);
        var address = AddressOf(seed, ", mutual TLS 1.3");
        var others = NewCertificates(folder, "others");

        var foreign = CommandRun.Of("jobs", "list", "--seed", address, "--certificates", others);
        File.Copy(Path.Combine(certificates, "rank-0.pem"), Path.Combine(certificates, "console.pem"), overwrite: true);
        var rank = CommandRun.Of("jobs", "list", "--seed", address, "--certificates", certificates);

        Assert.Equal((1, 1), (foreign.ExitCode, rank.ExitCode));
        Assert.Equal(
            $"actorring: address {address}: the certificates do not agree: the certificate of seed.actorring is not signed by the authority of this cluster", Assert.Single(foreign.Errors));
        Assert.Equal("actorring: the certificate is not of console.actorring", Assert.Single(rank.Errors));
        Says(seed, "refused 127.0.0.1: the certificate of console.actorring is not signed by the authority of this cluster");
        Says(seed, "refused 127.0.0.1: the certificate is not of console.actorring");
    }

    [Fact]
    public async Task Cluster_must_work_at_an_address_of_this_machine_with_the_token_of_its_folder_alone()
    {
        using var folder = new TrainingFolder();
        await using var seed = ClusterProcess.Start(folder.State, "seed", "--members", "1", "--bind", "127.0.0.1:0");
        string[] place = ["--seed", AddressOf(seed, ""), "--state", folder.State];
        using var submit = new ChildProcess(["submit-training", folder.Job("plain", steps: 4, 1, every: 2), "--watch", .. place]);

        Assert.Equal(0, submit.End().ExitCode);
        Assert.False(File.Exists(Path.Combine(folder.State, "seed.sock")));
    }

    [Fact]
    public void Up_must_say_once_that_it_was_asked_to_leave()
    {
        using var folder = new TrainingFolder();
        using var up = new ChildProcess("up", "--ranks", "1", folder.Job("long", steps: 100_000, 1, every: 10_000), "--state", folder.State);
        up.AwaitLine("job-1");

        up.Signal(ChildProcess.Sigint);
        var run = up.End();

        Assert.Equal(130, run.ExitCode);
        Assert.Single(run.Errors, line => line.EndsWith(" asked to leave", StringComparison.Ordinal) && !line.StartsWith('['));
    }

    private static string NewCertificates(TrainingFolder folder, string name)
    {
        Assert.Equal(0, CommandRun.Of("certificates", "new", "--folder", folder.At(name), "--name", "seed", "console", "rank-0", "rank-1").ExitCode);
        return folder.At(name);
    }

    private static string AddressOf(ClusterProcess seed, string how)
    {
        var pattern = new Regex($@" listens at (127\.0\.0\.1:[0-9]+){Regex.Escape(how)}$");
        Assert.True(SpinWait.SpinUntil(() => seed.Lines.Any(pattern.IsMatch), ClusterProcess.Patience), seed.Tail());
        return pattern.Match(seed.Lines.First(pattern.IsMatch)).Groups[1].Value;
    }

    private static void Says(ClusterProcess seed, string line) =>
        Assert.True(SpinWait.SpinUntil(() => seed.Lines.Any(said => said.EndsWith($" {line}", StringComparison.Ordinal)), ClusterProcess.Patience), seed.Tail());
}
