using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace ActorRing.Cluster.Cli.Partitions;

/// <summary>A link in one direction, between two places.</summary>
/// <param name="From">Whose packets.</param>
/// <param name="To">To whom.</param>
internal readonly record struct NetworkLink(int From, int To);

/// <summary>
/// Places with a network of their own each, joined by a bridge in one more namespace. Nothing of the host's network is touched. All are gone when this is disposed of.
/// </summary>
/// <remarks>
/// A link is cut in one direction by a wrong hardware address for its end: packets leave, and nobody takes them in. Neither side hears of it, and
/// no module of the kernel is needed for it beside those of the bridge and the pairs. A place that is unplugged sees that its cable has no carrier.
/// </remarks>
internal sealed class NetworkNamespaces : IDisposable
{
    private const string Prefix = "actorring";
    private const string Device = "eth0";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly string _name;

    private NetworkNamespaces(string name) => _name = name;

    /// <summary>Why there can be none here; null if there can.</summary>
    internal static string? WhyNot()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return "network namespaces are for root";
        }

        try
        {
            using var probe = Create(1);
            return null;
        }
        catch (Win32Exception)
        {
            return "ip is missing (Debian: apt install iproute2)";
        }
        catch (InvalidOperationException fault)
        {
            return $"no network namespaces here: {fault.Message}";
        }
    }

    /// <summary>Makes so many places.</summary>
    /// <exception cref="InvalidOperationException">The kernel or <c>ip</c> refuses; one line.</exception>
    /// <exception cref="Win32Exception">There is no <c>ip</c>.</exception>
    internal static NetworkNamespaces Create(int places)
    {
        RemoveLeft();
        var made = new NetworkNamespaces(string.Create(CultureInfo.InvariantCulture, $"{Prefix}-{Environment.ProcessId}-{Random.Shared.Next(1 << 16):x4}"));
        try
        {
            made.Make(places);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>Address of a place.</summary>
    internal static string AddressOf(int place) => string.Create(CultureInfo.InvariantCulture, $"10.83.0.{place + 1}");

    /// <summary>What comes before a command line that runs at a place. The process is the command's own.</summary>
    internal string[] Prefixed(int place) => ["ip", "netns", "exec", NameOf(place)];

    /// <summary>Cuts or heals links, as much at the same time as can be.</summary>
    internal void Set(IEnumerable<NetworkLink> links, bool isCut) => Parallel.ForEach(
        links.GroupBy(link => link.From), place => Run(["-n", NameOf(place.Key), "-batch", "-"], string.Join('\n', place.Select(link => NeighbourOf(link.To, isCut)))));

    /// <summary>Pulls the cable of a place, or puts it in again.</summary>
    internal void Plug(int place, bool isIn) => Run(["-n", Hub, "link", "set", PortOf(place), isIn ? "up" : "down"]);

    public void Dispose() => Remove(name => name == Hub || name.StartsWith(_name + "-", StringComparison.Ordinal));

    private string Hub => _name;

    private string NameOf(int place) => string.Create(CultureInfo.InvariantCulture, $"{_name}-{place}");

    private static string PortOf(int place) => string.Create(CultureInfo.InvariantCulture, $"port{place}");

    private static string HardwareOf(int place) => string.Create(CultureInfo.InvariantCulture, $"02:00:00:00:00:{place + 1:x2}");

    private static string NeighbourOf(int place, bool isCut) =>
        $"neigh replace {AddressOf(place)} lladdr {(isCut ? "02:00:00:00:ff:ff" : HardwareOf(place))} dev {Device} nud permanent";

    private void Make(int places)
    {
        Run(["netns", "add", Hub]);
        Run(["-n", Hub, "link", "add", "bridge0", "type", "bridge"]);
        Run(["-n", Hub, "link", "set", "bridge0", "up"]);
        for (var place = 0; place < places; place++)
        {
            Run(["netns", "add", NameOf(place)]);
            Run(["link", "add", PortOf(place), "netns", Hub, "type", "veth", "peer", "name", Device, "netns", NameOf(place)]);
            Run(["-n", Hub, "-batch", "-"], $"link set {PortOf(place)} master bridge0\nlink set {PortOf(place)} up");
            Run(["-n", NameOf(place), "-batch", "-"], string.Join('\n', [
                "link set lo up", $"link set {Device} address {HardwareOf(place)}", $"addr add {AddressOf(place)}/24 dev {Device}", $"link set {Device} up",
                .. Enumerable.Range(0, places).Where(other => other != place).Select(other => NeighbourOf(other, isCut: false)),
            ]));
        }
    }

    // Of runs that were killed.
    private static void RemoveLeft() => Remove(name =>
        name.Split('-') is [Prefix, var process, ..] && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && !Directory.Exists($"/proc/{id}"));

    private static void Remove(Predicate<string> isOne)
    {
        var names = Run(["netns", "list"]).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]).Where(name => isOne(name)).ToList();
        foreach (var name in names)
        {
            Run(["netns", "del", name]);
        }
    }

    private static string Run(string[] arguments, string? input = null)
    {
        using var process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
        }

        process.WaitForExit();
        return process.ExitCode == 0 ? output.Result : throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {error.Result.Trim().ReplaceLineEndings(" ")}");
    }
}
