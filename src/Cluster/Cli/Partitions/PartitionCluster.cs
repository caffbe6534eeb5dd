using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ActorRing.Actors.Ids;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Member.Work;

namespace ActorRing.Cluster.Cli.Partitions;

/// <summary>A seed and members over mutual TLS, each a process with a network of its own. A member that ends is started again, as a machine's supervisor would.</summary>
internal sealed partial class PartitionCluster : IAsyncDisposable
{
    private const int Port = 4053;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    private readonly string _folder;
    private readonly NetworkNamespaces _networks;
    private readonly string[] _engine;
    private readonly PartitionJudge _judge;
    private readonly Lock _gate = new();
    private readonly MemberProcess _seed;
    private readonly Life[] _members;
    private readonly string?[] _joined;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _keeper;

    /// <param name="folder">For all that it writes; <c>certificates</c> in it holds those of all.</param>
    /// <param name="networks">The seed's is the first; borrowed.</param>
    /// <param name="members">How many.</param>
    /// <param name="engine">What its processes meet in, as <c>--engine</c> says it.</param>
    /// <param name="judge">Hears what members say; only within <see cref="Ask"/> otherwise.</param>
    internal PartitionCluster(string folder, NetworkNamespaces networks, int members, string engine, PartitionJudge judge)
    {
        (_folder, _networks, _judge, _engine) = (folder, networks, judge, ["--engine", engine]);
        Directory.CreateDirectory(TemporaryFolder);
        _seed = Start(0, ["seed", "--bind", Address, "--certificates", Certificates, "--state", State, .. _engine], line => _lines.Enqueue($"[seed] {line}"));
        (_members, _joined) = (new Life[members], new string?[members]);
        for (var member = 0; member < members; member++)
        {
            _members[member] = StartMember(member, 1);
        }

        _keeper = Task.Run(KeepAsync);
    }

    /// <summary>Folder of the cluster.</summary>
    internal string State => Path.Combine(_folder, "state");

    /// <summary>Everything that the seed and the members wrote, for whoever looks into a violation.</summary>
    internal IReadOnlyList<string> Lines => [.. _lines];

    /// <summary>How the seed ended; null while it runs.</summary>
    internal string? SeedEnd => _seed.Exited.IsCompleted ? $"the seed ended: {_seed.Exited.Result.Describe()}: {string.Join(' ', _seed.LastLines.TakeLast(1))}" : null;

    /// <summary>Name of the member at a place, from 1.</summary>
    internal static string NameOf(int place) => string.Create(CultureInfo.InvariantCulture, $"rank-{place - 1}");

    /// <summary>Asks the judge, while nobody speaks to him.</summary>
    internal T Ask<T>(Func<PartitionJudge, T> question)
    {
        lock (_gate)
        {
            return question(_judge);
        }
    }

    /// <summary>Which members' processes the seed has not let in yet.</summary>
    internal IReadOnlyList<string> Missing()
    {
        lock (_gate)
        {
            return [.. _members.Where((life, member) => _joined[member] != life.Id).Select(life => life.Id)];
        }
    }

    /// <summary>Submits a job from where the seed is.</summary>
    /// <exception cref="InvalidOperationException">The seed refuses it.</exception>
    internal async Task<JobId> SubmitAsync(string job, int ranks, CancellationToken stop)
    {
        string? line = null;
        await using var process = Start(
            0, ["submit-training", job, "--seed", Address, "--certificates", Certificates, "--parallelism.ranks", ranks.ToString(CultureInfo.InvariantCulture), "--parallelism.transport", "gloo", .. _engine],
            said => _lines.Enqueue(said), said => line ??= said);
        var exit = await process.Exited.WaitAsync(stop);
        await process.OutputEnded.WaitAsync(stop);
        return exit.Code == 0 && line is not null && Submitted().Match(line) is { Success: true } match
            ? new JobId(long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))
            : throw new InvalidOperationException($"the job was not taken: {exit.Describe()}: {string.Join(' ', process.LastLines)}");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _keeper;
        _stop.Dispose();
        MemberProcess[] all = [.. _members.Select(life => life.Process), _seed];
        foreach (var process in all)
        {
            process.Signal(15);
        }

        foreach (var process in all)
        {
            await process.DrainAsync(Grace);
            await process.DisposeAsync();
        }
    }

    [GeneratedRegex(@"^job-(\d+): ")]
    private static partial Regex Submitted();

    [GeneratedRegex(@" joined as [^ ]+$")]
    private static partial Regex Joined();

    private static string Address => string.Create(CultureInfo.InvariantCulture, $"{NetworkNamespaces.AddressOf(0)}:{Port}");

    private string Certificates => Path.Combine(_folder, "certificates");

    private string TemporaryFolder => Path.Combine(_folder, "tmp");

    private Life StartMember(int member, int life)
    {
        var place = member + 1;
        var name = NameOf(place);
        var process = string.Create(CultureInfo.InvariantCulture, $"{name}#{life}");
        return new Life(life, process, Start(
            place, ["member", "--name", name, "--seed", Address, "--certificates", Certificates, "--state", Path.Combine(_folder, "nothing"), "--tensor-address", NetworkNamespaces.AddressOf(place), .. _engine],
            line => HearMember(member, process, line)));
    }

    private MemberProcess Start(int place, string[] command, Action<string> hear, Action<string>? output = null)
    {
        var (program, host) = OwnProgram.Command;
        string[] line = [.. _networks.Prefixed(place), program, .. host, .. command];
        return MemberProcess.Start(line[0], line[1..], new Dictionary<string, string> { ["TMPDIR"] = TemporaryFolder, [UpdateRecord.Variable] = "1" }, hear, output);
    }

    private void HearMember(int member, string process, string line)
    {
        lock (_gate)
        {
            _judge.Hear(process, line);
            if (Joined().IsMatch(line))
            {
                _joined[member] = process;
            }
        }

        if (UpdateRecord.Read(line) is null)
        {
            _lines.Enqueue($"[{process}] {line}");
        }
    }

    private async Task KeepAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            for (var member = 0; member < _members.Length; member++)
            {
                var life = _members[member];
                if (life.Process.Exited.IsCompleted)
                {
                    await life.Process.ErrorsEnded.WaitAsync(Grace).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    await life.Process.DisposeAsync();
                    lock (_gate)
                    {
                        _judge.End(life.Id);
                        _members[member] = StartMember(member, life.Number + 1);
                    }
                }
            }

            await Task.Delay(LookEvery, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // One process of a member.
    private sealed record Life(int Number, string Id, MemberProcess Process);
}
