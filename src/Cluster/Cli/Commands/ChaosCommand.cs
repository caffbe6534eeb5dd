using System.CommandLine;
using System.Globalization;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Soak;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring chaos</c>: makes a rank fail on purpose.</summary>
internal static class ChaosCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    internal static Command Create()
    {
        var faults = Enum.GetValues<Fault>().ToDictionary(fault => fault, fault => new Option<string?>($"--{Words.Of(fault)}") { Description = DescriptionOf(fault) });
        var at = new Option<string>("--at") { Description = $"Where: {string.Join(", ", Enum.GetValues<FaultPoint>().Select(Words.Of))}.", DefaultValueFactory = _ => Words.Of(FaultPoint.Now) };
        var step = NumberOption.Of("--step", "In which update, counted from 1; 0 for the next that comes by.", 0L, 0, long.MaxValue);
        var lasts = NumberOption.Of("--milliseconds", "How long --slow waits in every update.", 1000, 1, 3_600_000);
        var command = new Command("chaos", "Makes a rank of the running job fail on purpose. Example: actorring chaos --kill rank=2 --at attention --step 17") { at, step, lasts, ClusterOptions.OfMember };
        faults.Values.ToList().ForEach(command.Add);
        command.Add(Soak());
        command.SetAction(async result =>
        {
            var asked = faults.Where(fault => result.GetValue(fault.Value) is not null).ToList();
            if (asked is not [var (fault, option)])
            {
                throw new UsageException($"chaos takes one of {string.Join(", ", faults.Values.Select(name => name.Name))}, with rank=N");
            }

            var rank = RankOf(option.Name, result.GetValue(option)!);
            var point = Enum.GetValues<FaultPoint>().Cast<FaultPoint?>().FirstOrDefault(point => Words.Of(point!.Value) == result.GetValue(at))
                ?? throw new UsageException($"--at is '{result.GetValue(at)}', allowed: {string.Join(", ", Enum.GetValues<FaultPoint>().Select(Words.Of))}");
            if (fault is Fault.Nan or Fault.NanTwice or Fault.Inf && point != FaultPoint.Reduce)
            {
                throw new UsageException($"{option.Name} spoils a gradient, allowed: --at {Words.Of(FaultPoint.Reduce)}");
            }

            if (fault == Fault.Flip && point is not (FaultPoint.Begin or FaultPoint.Update or FaultPoint.Replica))
            {
                throw new UsageException($"--flip changes a bit of a weight, a moment or a copy, allowed: --at {Words.Of(FaultPoint.Begin)}, {Words.Of(FaultPoint.Update)} or {Words.Of(FaultPoint.Replica)}");
            }

            await using var link = await ConsoleLink.ConnectAsync(ClusterOptions.PlaceOf(result), default);
            await ArmAsync(link, new ArmFault(ConsoleLink.NewKey(), rank, result.GetValue(step) - 1, point, fault, TimeSpan.FromMilliseconds(result.GetValue(lasts))));
            Console.WriteLine($"rank {rank.Index}: {Words.Of(fault)} at {Words.Of(point)}{(result.GetValue(step) > 0 ? $", step {result.GetValue(step)}" : "")}");
        });
        return command;
    }

    private static Command Soak()
    {
        var ranks = NumberOption.Of("--ranks", "Ranks of the job, a process with one thread each.", 3, 2, 32);
        var spares = NumberOption.Of("--spares", "Members beyond them, which take a lost rank's place at once.", 0, 0, 32);
        var kills = NumberOption.Of("--kills", "Processes to kill: any rank, the seed, two at once, during recovery, during a TrainingCheckpoint.", 200, 1, 100_000);
        var every = NumberOption.Of("--every", "Updates from one recovery to the next kill.", 8, 1, 100_000);
        var seed = NumberOption.Of("--seed", "Of who is killed where.", 1, 0, int.MaxValue);
        var command = new Command(
            "soak", "Trains a small job on a cluster of its own, undisturbed and under kills, and compares every bit. Example: actorring chaos soak --kills 200 --json")
        {
            ranks, spares, kills, every, seed, BenchCommand.Json,
        };
        command.SetAction(async result =>
        {
            using var signal = new StopSignal("stopping; nothing is left of it");
            var isJson = result.GetValue(BenchCommand.Json);
            var options = new SoakOptions(result.GetValue(ranks), result.GetValue(spares), result.GetValue(kills), result.GetValue(every), result.GetValue(seed));
            var report = await new SoakRun(options, line => (isJson ? Console.Error : Console.Out).WriteLine(line), signal.Token).RunAsync();
            BenchCommand.Print([report], isJson, row => string.Join('\n', row.Lines()));
            return report.IsBitEqual ? 0 : 1;
        });
        return command;
    }

    /// <summary>Asks all members; the one that holds the rank answers.</summary>
    /// <exception cref="UsageException">None does.</exception>
    internal static async Task ArmAsync(ConsoleLink link, ArmFault order)
    {
        // A fault that comes at once must not come again to whoever has the rank next.
        if (!await link.AskMembersAsync<FaultArmed>(order, answer => answer.Key == order.Key, Patience, onlyOnce: order.Point == FaultPoint.Now))
        {
            throw new UsageException($"rank={order.Rank.Index}: no member holds it; those that are held: actorring ring");
        }
    }

    private static string DescriptionOf(Fault fault) => fault switch
    {
        Fault.Kill => "rank=N: its process kills itself (SIGKILL).",
        Fault.Stop => "rank=N: its process stops itself (SIGSTOP).",
        Fault.Slow => "rank=N: waits there in every update from then on.",
        Fault.Cut => "rank=N: its communicators break, as if the network did.",
        Fault.Flip => "rank=N: a bit of a weight (--at begin), a moment (--at update) or the copy of another rank's part (--at replica) changes in its memory.",
        Fault.NanTwice => "rank=N: a gradient becomes NaN, --at reduce, and does so again when the update is computed once more.",
        Fault.Inf => "rank=N: a gradient becomes infinite, --at reduce.",
        _ => "rank=N: a gradient becomes NaN, --at reduce.",
    };

    private static GlobalRank RankOf(string option, string text) =>
        text.StartsWith("rank=", StringComparison.Ordinal) && int.TryParse(text["rank=".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var rank)
            ? new GlobalRank(rank)
            : throw new UsageException($"{option} is '{text}', allowed: rank=N, such as rank=2");
}
