using System.Diagnostics;
using System.Globalization;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Partitions;
using ActorRing.Cluster.Specs.Cli;
using Xunit.Abstractions;

namespace ActorRing.Cluster.Specs.Partitions;

/// <summary><c>bench partitions</c>: real processes, real networks.</summary>
[Collection(OneConsole.Name)]
public class PartitionsSpec(ITestOutputHelper output)
{
    // How soon it goes on is measured on demand: beside other tests a machine has other things to do.
    [NamespacesFact]
    public async Task Job_must_end_bit_equal_and_never_have_two_sides_that_go_on_when_its_network_is_partitioned()
    {
        var order = new PartitionOrder(Ranks: 3, Spares: 1, Tokens: 1024, Count: 3, Seed: 1, First: 0, Within: TimeSpan.FromMinutes(1), Engine: "embedded", Record: null);

        var report = await new PartitionRun(order, output.WriteLine, CancellationToken.None).RunAsync();

        output.WriteLine(BenchJson.Of(report));
        Assert.Empty(report.Found);
        Assert.Equal(3, report.Count);
        Assert.Equal(["one-way", "rank", "seed"], report.Kinds.Select(kind => kind.Kind).Order());
        Assert.InRange(report.Kinds.Single(kind => kind.Kind == "rank").Epochs, 1, 10);
    }

    [NamespacesFact]
    public void Bench_must_leave_no_namespace_and_no_folder_behind_when_it_is_interrupted()
    {
        using var folder = new JobFolder();
        using var bench = new ChildProcess(folder, ["bench", "partitions", "--count", "1"]);
        bench.AwaitLine("a seed and 4 members");
        var own = NamespacesOf(bench.Id);

        bench.Signal(ChildProcess.Sigint);
        var run = bench.End();

        Assert.Equal((130, 6), (run.ExitCode, own.Count));
        Assert.Empty(NamespacesOf(bench.Id));
        Assert.Empty(Directory.GetDirectories(folder.Path, "actorring-*"));
    }

    [Fact]
    public void Bench_must_say_in_one_line_what_is_missing_when_there_is_no_ip()
    {
        using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [Path.Combine(AppContext.BaseDirectory, "actorring.dll"), "bench", "partitions"])
        {
            RedirectStandardError = true,
            Environment = { ["PATH"] = "/nowhere" },
        })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();

        Assert.Equal(2, process.ExitCode);
        Assert.Matches("^actorring: (ip is missing.*|network namespaces are for root)\n$", errors);
    }

    [NamespacesFact]
    public void Networks_must_lose_packets_in_the_direction_that_is_cut_alone()
    {
        using var networks = NetworkNamespaces.Create(3);

        Assert.Equal((1, 1, 1), (Heard(networks, 0, 1), Heard(networks, 1, 0), Heard(networks, 0, 2)));
        networks.Set([new NetworkLink(0, 1)], isCut: true);
        Assert.Equal((0, 1, 1), (Heard(networks, 0, 1), Heard(networks, 1, 0), Heard(networks, 0, 2)));
        networks.Set([new NetworkLink(0, 1)], isCut: false);
        networks.Plug(2, isIn: false);
        Assert.Equal((1, 1, 0), (Heard(networks, 0, 1), Heard(networks, 1, 0), Heard(networks, 0, 2)));
        networks.Plug(2, isIn: true);
        Assert.Equal(1, Heard(networks, 0, 2));
    }

    // Datagrams, of one, that reach a port where nobody listens: the kernel counts them.
    private static long Heard(NetworkNamespaces networks, int from, int to)
    {
        var before = Unclaimed();
        Run(networks.Prefixed(from), "bash", "-c", $"echo > /dev/udp/{NetworkNamespaces.AddressOf(to)}/9 || true");
        return Unclaimed() - before;

        long Unclaimed() => long.Parse(Run(networks.Prefixed(to), "cat", "/proc/net/snmp").Split('\n').Last(line => line.StartsWith("Udp: ", StringComparison.Ordinal)).Split(' ')[2], CultureInfo.InvariantCulture);
    }

    private static string Run(string[] prefix, params string[] command)
    {
        string[] line = [.. prefix, .. command];
        using var process = Process.Start(new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    // Names begin with the process that made them.
    private static IReadOnlyList<string> NamespacesOf(int process) =>
        [.. Run([], "ip", "netns", "list").Split('\n').Where(name => name.StartsWith(string.Create(CultureInfo.InvariantCulture, $"actorring-{process}-"), StringComparison.Ordinal))];
}
