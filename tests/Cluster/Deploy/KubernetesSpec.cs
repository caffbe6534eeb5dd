using System.Text.RegularExpressions;
using ActorRing.Cluster.Cli;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Hosting.Telemetry.Http;
using ActorRing.Cluster.Specs.Settings;
using ActorRing.Cluster.Specs.Telemetry;
using YamlDotNet.RepresentationModel;

namespace ActorRing.Cluster.Specs.Deploy;

/// <summary>What <c>deploy/kubernetes</c> tells the program to do must be what the program understands, and its parts must fit each other.</summary>
public sealed partial class KubernetesSpec
{
    private const string Folder = "deploy/kubernetes";
    private static readonly YamlMappingNode[] Objects = [.. Read()];

    [Fact]
    public void Kustomization_must_name_every_manifest()
    {
        var files = Directory.GetFiles(RepositoryFiles.Path(Folder), "*.yaml").Select(file => Path.GetFileName(file)!).Except(["kustomization.yaml"]);

        Assert.Equal(files.Order(StringComparer.Ordinal), Scalars(Documents("kustomization.yaml").Single(), "resources").Select(Text).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Arguments_must_be_understood()
    {
        var pods = Pods().ToList();

        Assert.Equal(["member", "seed"], pods.Select(pod => Args(pod)[0]).Order(StringComparer.Ordinal));
        Assert.All(pods, pod => Assert.Empty(CommandLine.Root().Parse(Args(pod)).Errors));
        Assert.NotEmpty(CommandLine.Root().Parse([.. Args(pods[0]), "--no-such-option"]).Errors);
    }

    [Fact]
    public void Members_must_look_for_the_seed_where_it_is()
    {
        var (seed, member) = (Args(PodOf("seed")), Args(PodOf("member")));
        var port = seed[Array.IndexOf(seed, "--bind") + 1].Split(':')[1];
        var service = Objects.Single(one => Text(one, "kind") == "Service" && Text(one, "metadata", "name") == "actorring-seed");

        Assert.Equal($"{Text(service, "metadata", "name")}:{port}", member[Array.IndexOf(member, "--seed") + 1]);
        Assert.Contains(Nodes(service, "spec", "ports"), one => Text(one, "port") == port && PortsOf(PodOf("seed"))[Text(one, "targetPort")] == port);
        Assert.All(Objects.Where(one => Text(one, "kind") == "Service"), one => Assert.Contains(
            Objects, set => Text(set, "kind") == "StatefulSet" && Text(set, "spec", "template", "metadata", "labels", "actorring/role") == Text(one, "spec", "selector", "actorring/role")));
    }

    [Fact]
    public void Probes_must_ask_for_pages_that_there_are_where_they_are_served()
    {
        using var instruments = new Instruments(new FixedTime());
        using var pages = new TelemetryPages(instruments, () => null, () => null, withRuntime: false);
        var seed = PodOf("seed");
        var container = Container(seed);
        var metrics = Args(seed)[Array.IndexOf(Args(seed), "--metrics-port") + 1];

        Assert.All((string[])["startupProbe", "livenessProbe", "readinessProbe"], probe =>
        {
            Assert.Equal(metrics, PortsOf(seed)[Text(container, probe, "httpGet", "port")]);
            Assert.Equal(200, pages.Make(Text(container, probe, "httpGet", "path")).Status);
        });
        Assert.Equal(404, pages.Make("/healthz/lively").Status);
        Assert.Equal("0.0.0.0", Args(seed)[Array.IndexOf(Args(seed), "--metrics-address") + 1]); // the kubelet comes from outside
    }

    [Fact]
    public void Everything_that_is_mounted_claimed_or_put_in_must_be_there()
    {
        string[] claims = [.. Objects.Where(one => Text(one, "kind") == "PersistentVolumeClaim").Select(one => Text(one, "metadata", "name"))];
        foreach (var set in Objects.Where(one => Text(one, "kind") == "StatefulSet"))
        {
            var pod = (YamlMappingNode)Node(set, "spec", "template", "spec")!;
            string[] volumes = [.. Nodes(pod, "volumes").Select(one => Text(one, "name")), .. Nodes(set, "spec", "volumeClaimTemplates").Select(one => Text(one, "metadata", "name"))];
            foreach (var container in Nodes(pod, "containers").Concat(Nodes(pod, "initContainers")))
            {
                Assert.All(Nodes(container, "volumeMounts"), mount => Assert.Contains(Text(mount, "name"), volumes));
                string[] variables = [.. Nodes(container, "env").Select(one => Text(one, "name"))];
                var words = Scalars(container, "args").Concat(Scalars(container, "command")).Select(Text).Concat(Nodes(container, "volumeMounts").Select(mount => Text(mount, "subPathExpr")));
                Assert.All(words.SelectMany(word => Variable().Matches(word).Select(match => match.Groups["name"].Value)), name => Assert.Contains(name, variables));
            }

            Assert.All(Nodes(pod, "volumes").Select(one => Text(one, "persistentVolumeClaim", "claimName")).Where(name => name.Length > 0), name => Assert.Contains(name, claims));
            Assert.True(MemberRef.IsValidName($"{Text(set, "metadata", "name")}-0"));
        }
    }

    // What kubelet puts in, as it may be.
    private static string[] Args(YamlMappingNode pod) =>
        [.. Scalars(Container(pod), "args").Select(Text).Select(word => word.Replace("$(POD_NAME)", "actorring-member-0", StringComparison.Ordinal).Replace("$(POD_IP)", "127.0.0.1", StringComparison.Ordinal))];

    private static Dictionary<string, string> PortsOf(YamlMappingNode pod) => Nodes(Container(pod), "ports").ToDictionary(port => Text(port, "name"), port => Text(port, "containerPort"));

    private static YamlMappingNode Container(YamlMappingNode pod) => Nodes(pod, "containers").Single();

    private static YamlMappingNode PodOf(string role) => Pods().Single(pod => Args(pod)[0] == role);

    private static IEnumerable<YamlMappingNode> Pods() => Objects.Select(one => Node(one, "spec", "template", "spec")).OfType<YamlMappingNode>();

    private static IEnumerable<YamlMappingNode> Read() =>
        Directory.GetFiles(RepositoryFiles.Path(Folder), "*.yaml").Where(file => !file.EndsWith("kustomization.yaml", StringComparison.Ordinal)).SelectMany(file => Documents(Path.GetFileName(file)));

    private static IEnumerable<YamlMappingNode> Documents(string file)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(File.ReadAllText(RepositoryFiles.Path($"{Folder}/{file}"))));
        return stream.Documents.Select(document => (YamlMappingNode)document.RootNode);
    }

    private static YamlNode? Node(YamlNode node, params string[] path) =>
        path.Aggregate((YamlNode?)node, (at, key) => at is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null);

    private static IEnumerable<YamlMappingNode> Nodes(YamlNode node, params string[] path) => Scalars(node, path).OfType<YamlMappingNode>();

    private static YamlSequenceNode Scalars(YamlNode node, params string[] path) => Node(node, path) as YamlSequenceNode ?? [];

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    private static string Text(YamlNode node, params string[] path) => Node(node, path) is YamlScalarNode scalar ? scalar.Value! : "";

    [GeneratedRegex(@"\$\((?<name>\w+)\)")]
    private static partial Regex Variable();
}
