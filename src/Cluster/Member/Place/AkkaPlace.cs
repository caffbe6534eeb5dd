#if AKKA
using System.Net;
using System.Net.Sockets;
using ActorRing.Cluster.Akka;
using ActorRing.Cluster.Hosting.Security;
#endif
using ActorRing.Cluster.Hosting.Engine;

namespace ActorRing.Cluster.Member.Place;

/// <summary>A cluster whose processes meet in an Akka cluster; the one file that knows whether Akka.NET was there when this program was built.</summary>
/// <remarks>
/// Connections are under mutual TLS always, on one machine too: whoever reaches an Akka node without could have it do anything. Where no certificates are named, the
/// seed makes some in the cluster's folder, which belongs to this user alone.
/// </remarks>
internal static class AkkaPlace
{
    /// <summary>What is said where it cannot be used.</summary>
    internal const string Missing = "is akka, which this build has not: Akka.NET's packages could not be restored; allowed: embedded, or a build where they can be";

#if AKKA
    // What processes of this machine show that were not given certificates.
    private const string Local = "local";
    private const int Days = 365;

    /// <summary>Whether it can be used.</summary>
    internal static bool IsBuiltIn => true;

    internal static void PrepareSeed(ClusterPlace place)
    {
        var folder = FolderOf(place);
        if (place.CertificateFolder is null && (!Directory.Exists(folder) || CertificateFolder.List(folder).Any(row => row.Flaw is not null)))
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            CertificateMaker.Make(folder, ["seed", Local], [], Days, DateTimeOffset.UtcNow);
        }
    }

    internal static ISeedEngine NewSeed(ClusterPlace place, MemberRef self) =>
        new AkkaSeedEngine(
            SettingsOf(place, self.Name, isSeed: true, ClusterLog.Write) with { Bind = place.Tcp is { } tcp ? IPEndPoint.Parse(tcp.Text) : LastAddress(place) }, self, place.Uid());

    internal static IMemberEngine NewMember(ClusterPlace place, string certificate, MemberRef self, Action<string> log)
    {
        var seed = IPEndPoint.Parse(place.Tcp?.Text ?? ReadAddress(place));
        var settings = SettingsOf(place, place.CertificateFolder is null ? Local : certificate, isSeed: false, log);
        return new AkkaMemberEngine(settings with { Seed = seed, Bind = new IPEndPoint(OwnAddress(seed), 0) }, self);
    }

    // Members that outlived the last seed look for the next one where that was.
    private static IPEndPoint LastAddress(ClusterPlace place)
    {
        var file = ClusterPlace.AkkaFile(place.Folder);
        if (File.Exists(file) && IPEndPoint.TryParse(File.ReadAllText(file).Trim(), out var last))
        {
            using var probe = new Socket(last.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(last);
                return last;
            }
            catch (SocketException)
            {
                // Somebody else has it by now.
            }
        }

        return new IPEndPoint(IPAddress.Loopback, 0);
    }

    private static AkkaSettings SettingsOf(ClusterPlace place, string certificate, bool isSeed, Action<string> log) => new()
    {
        Bind = new IPEndPoint(IPAddress.Loopback, 0),
        Tls = ClusterPlace.TlsOf(FolderOf(place), certificate, isSeed),
        AppVersion = ClusterPlace.Version,
        Log = log,
    };

    private static string FolderOf(ClusterPlace place) => place.CertificateFolder ?? Path.Combine(place.Folder, "certificates");

    private static string ReadAddress(ClusterPlace place)
    {
        var file = ClusterPlace.AkkaFile(place.Folder);
        return File.Exists(file) ? File.ReadAllText(file).Trim()
            : throw new UsageException($"{place.Named("state")} is {place.Folder}, where no seed on Akka is; start one there: actorring seed --engine akka");
    }

    // The address of this machine that the seed can reach: the one from which it is reached.
    private static IPAddress OwnAddress(IPEndPoint seed)
    {
        using var socket = new Socket(seed.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(seed);
        return ((IPEndPoint)socket.LocalEndPoint!).Address;
    }
#else
    /// <summary>Whether it can be used.</summary>
    internal static bool IsBuiltIn => false;

    internal static void PrepareSeed(ClusterPlace place) => throw new UsageException($"{place.Named("engine")} {Missing}");

    internal static ISeedEngine NewSeed(ClusterPlace place, MemberRef self) => throw new UsageException($"{place.Named("engine")} {Missing}");

    internal static IMemberEngine NewMember(ClusterPlace place, string certificate, MemberRef self, Action<string> log) => throw new UsageException($"{place.Named("engine")} {Missing}");
#endif
}
