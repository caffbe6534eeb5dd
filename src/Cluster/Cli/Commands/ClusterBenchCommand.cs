using System.CommandLine;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring bench control|recovery|durability|epochs|hostile|overload|straggler|guards|member|join|goodput</c>: what whole clusters of real processes do.</summary>
internal static class ClusterBenchCommand
{
    internal static Command Control()
    {
        var ranks = NumberOption.Of("--ranks", "Member processes, one thread each.", 4, 2, 32);
        var tokens = NumberOption.Of("--tokens", "Length of the sequence.", 16384, 256, 1 << 20);
        var layers = NumberOption.Of("--layers", "Layers of the model.", 8, 1, 128);
        var steps = NumberOption.Of("--steps", "Updates of each job.", 3, 1, 1000);
        var engine = ClusterOptions.OfBench();
        var command = new Command("control", "Messages and time that the control plane costs, by granularity. Example: actorring bench control --json") { ranks, tokens, layers, steps, engine, BenchCommand.Json };
        command.SetAction(result =>
        {
            var rows = Enum.GetValues<GrantGranularity>().Select(granularity => ControlBench.Run(
                result.GetValue(engine)!, granularity, result.GetValue(ranks), result.GetValue(tokens), result.GetValue(layers), result.GetValue(steps)));
            BenchCommand.Print([.. rows], result.GetValue(BenchCommand.Json), row =>
                $"{row.Granularity,-10} {row.Ranks} ranks  {row.Tokens} tokens  {row.Layers} layers  step {row.StepMs,9:F1} ms  {row.MessagesPerStep,8:F1} messages  control {row.ControlShare:P2}  waiting for grants {row.GrantWaitShare:P2}");
        });
        return command;
    }

    internal static Command Recovery()
    {
        var ranks = NumberOption.Of("--ranks", "Member processes, one thread each.", 4, 2, 32);
        var spares = NumberOption.Of("--spares", "Members beyond them, which take a lost rank's place at once.", 0, 0, 32);
        var kills = NumberOption.Of("--kills", "Ranks to kill, one after the other.", 10, 1, 1000);
        var stops = NumberOption.Of("--stops", "Ranks to stop, one after the other.", 5, 1, 1000);
        var engine = ClusterOptions.OfBench();
        var command = new Command("recovery", "How soon a cluster of real processes notices that one is killed or stopped, and goes on. Example: actorring bench recovery --json") { ranks, spares, kills, stops, engine, BenchCommand.Json };
        command.SetAction(async result =>
        {
            var row = await RecoveryBench.RunAsync(result.GetValue(ranks), result.GetValue(spares), result.GetValue(kills), result.GetValue(stops), result.GetValue(engine)!);
            BenchCommand.Print([row], result.GetValue(BenchCommand.Json), row =>
                $"{row.Ranks} ranks training after {row.LaunchMs} ms\n{row.Kills} kills: seen after {row.KillSeenMsP50} ms, at most {row.KillSeenMsMax}; all ranks train again after {row.KillTrainsMsP50} ms, at most {row.KillTrainsMsMax}; the next update committed after {row.KillResumedMsP50} ms, at most {row.KillResumedMsMax}\n"
                + $"{row.Stops} stops: seen after {row.StopSeenMsP50} ms, at most {row.StopSeenMsMax}\nother losses: {row.OtherLosses}");
        });
        return command;
    }

    internal static Command Goodput()
    {
        var ranks = NumberOption.Of("--ranks", "Member processes, one thread each.", 3, 2, 32);
        var spares = NumberOption.Of("--spares", "Members beyond them, which take a lost rank's place at once.", 1, 0, 32);
        var tokens = NumberOption.Of("--tokens", "Length of the sequence: how long an update takes.", 3072, 256, 1 << 20);
        var updates = NumberOption.Of("--updates", "Of each run.", 300, 10, 1_000_000);
        var every = NumberOption.Of("--every", "Updates for each of which one rank is killed.", 100, 10, 1_000_000);
        var pairs = NumberOption.Of("--pairs", "Pairs of an undisturbed and a disturbed run; the median is the result.", 3, 1, 1000);
        var seed = NumberOption.Of("--seed", "Of the places where ranks are killed.", 1, 0, int.MaxValue);
        var command = new Command("goodput", "The share of time that is not lost to failures, and whether any bit is. Example: actorring bench goodput --json") { ranks, spares, tokens, updates, every, pairs, seed, BenchCommand.Json };
        command.SetAction(async result =>
        {
            using var signal = new StopSignal("stopping; nothing is left of it");
            var isJson = result.GetValue(BenchCommand.Json);
            var order = new GoodputOrder(
                result.GetValue(ranks), result.GetValue(spares), result.GetValue(tokens), result.GetValue(updates), result.GetValue(every), result.GetValue(pairs), result.GetValue(seed));
            if (order.Every > order.Updates)
            {
                throw new UsageException($"--every is {order.Every}, allowed: at most --updates, which is {order.Updates}");
            }

            var row = await GoodputBench.RunAsync(order, line => (isJson ? Console.Error : Console.Out).WriteLine(line), signal.Token);
            BenchCommand.Print([row], isJson, row =>
                $"{row.Ranks} ranks, {row.Spares} spare  updates of {row.UpdateMs} ms  a kill every {row.Every}: goodput {row.Goodput:P1}, {row.Accounted:P1} of the time not between a kill and the next update\n"
                + $"{row.Kills} kills: the next update after {row.ResumedMsP50} ms, at most {row.ResumedMsMax}; {row.DoneAgain} committed updates done again; {row.Difference ?? "bit-equal to the undisturbed runs"}  {(row.IsGood ? "PASS" : "FAIL")}");
            return row.IsGood ? 0 : 1;
        });
        return command;
    }

    internal static Command Durability()
    {
        var ranks = NumberOption.Of("--ranks", "Member processes, one thread each.", 2, 2, 32);
        var tokens = NumberOption.Of("--tokens", "Length of the sequence: how long an update takes.", 4096, 256, 1 << 20);
        var updates = NumberOption.Of("--updates", "Of each run.", 9, 5, 10_000);
        var rounds = NumberOption.Of("--rounds", "Runs of each kind, in turn.", 3, 1, 1000);
        var command = new Command("durability", "What copies in the next rank's memory and TrainingCheckpoints cost. Example: actorring bench durability --json") { ranks, tokens, updates, rounds, BenchCommand.Json };
        command.SetAction(async (result, stop) =>
        {
            var row = await DurabilityBench.RunAsync(result.GetValue(ranks), result.GetValue(tokens), result.GetValue(updates), result.GetValue(rounds), stop);
            BenchCommand.Print([row], result.GetValue(BenchCommand.Json), row =>
                $"{row.Ranks} ranks  {row.Parameters} parameters  {row.Tokens} tokens  update {row.UpdateMs:F1} ms\ncopies in memory {row.ReplicaCost:+0.0 %;-0.0 %}\na TrainingCheckpoint every {row.CheckpointEvery} updates {row.CheckpointCost:+0.0 %;-0.0 %}");
        });
        return command;
    }

    internal static Command Epochs()
    {
        var ranks = NumberOption.Of("--ranks", "Member processes, one thread each.", 2, 2, 32);
        var epochs = NumberOption.Of("--epochs", "Changes of epoch that count; a quarter and 20 more come first.", 1000, 1, 1_000_000);
        var command = new Command("epochs", "What changes of epoch leave behind: open files, threads, temporary files, memory. Example: actorring bench epochs --json") { ranks, epochs, BenchCommand.Json };
        command.SetAction(async (result, stop) =>
        {
            var row = await EpochsBench.RunAsync(result.GetValue(ranks), result.GetValue(epochs), stop);
            BenchCommand.Print([row], result.GetValue(BenchCommand.Json), row =>
                $"{row.Epochs} changes of epoch, the next update after {row.ChangeMsP50} ms\nleft behind in all processes: {row.Descriptors} open files, {row.Threads} threads, {row.TemporaryFiles} temporary files, {row.ResidentGrowth:+0.0 %;-0.0 %} memory");
        });
        return command;
    }

    internal static Command Hostile()
    {
        var ranks = NumberOption.Of("--ranks", "Member processes, one thread each.", 2, 2, 32);
        var connections = NumberOption.Of("--connections", "Strangers who come to the seed's door.", 10_000, 10, 10_000_000);
        var rate = NumberOption.Of("--rate", "Strangers a second.", 100, 1, 10_000);
        var windows = NumberOption.Of("--windows", "Hostile windows among which they are shared out, each after a quiet one.", 10, 1, 1000);
        var engine = ClusterOptions.OfBench();
        var command = new Command("hostile", "Whether garbage connections to the seed slow down a job. Example: actorring bench hostile --json") { ranks, connections, rate, windows, engine, BenchCommand.Json };
        command.SetAction(async result =>
        {
            var row = await HostileBench.RunAsync(result.GetValue(ranks), result.GetValue(connections), result.GetValue(rate), result.GetValue(windows), result.GetValue(engine)!);
            BenchCommand.Print([row], result.GetValue(BenchCommand.Json), row =>
                $"{row.Refused} of {row.Connections} refused, {(row.Alive ? "the job went on" : "THE JOB WAS DISTURBED")}\nupdate {row.StepSecondsQuiet * 1000:F2} ms quiet, {row.StepSecondsHostile * 1000:F2} ms with {row.ConnectionsPerSecond} strangers a second: x {row.Ratio:F3}\n"
                + $"seed {row.SeedCpuQuiet:F3} and {row.SeedCpuHostile:F3} cores, {row.SeedMsPerConnection:F3} ms a stranger, {row.SeedGrowthMiB:F1} MiB more; the attacker took {row.AttackerCpu:F3} cores");
            return row.Refused == row.Connections && row.Alive ? 0 : 1;
        });
        return command;
    }

    internal static Command Overload()
    {
        var ranks = NumberOption.Of("--ranks", "Member processes, one thread each.", 2, 2, 32);
        var seconds = NumberOption.Of("--seconds", "How long.", 300, 1, 86_400);
        var overload = NumberOption.Of("--overload", "Busy processes for each core.", 4, 0, 64);
        var engine = ClusterOptions.OfBench();
        var command = new Command("overload", "Whether a busy machine is taken for a broken one. Example: actorring bench overload --seconds 300 --json") { ranks, seconds, overload, engine, BenchCommand.Json };
        command.SetAction(async result =>
        {
            var row = await OverloadBench.RunAsync(result.GetValue(ranks), result.GetValue(seconds), result.GetValue(overload), result.GetValue(engine)!);
            BenchCommand.Print([row], result.GetValue(BenchCommand.Json), row =>
                string.Join('\n', [$"{row.Updates} updates in {row.Seconds} s with {row.Overload} busy processes a core: {row.FalseAlarms} false alarms, {row.Epochs} epochs", .. row.Reasons]));
            return row.FalseAlarms == 0 ? 0 : 1;
        });
        return command;
    }

    internal static Command Straggler()
    {
        var ranks = NumberOption.Of("--ranks", "Member processes, one thread each.", 2, 2, 32);
        var tokens = NumberOption.Of("--tokens", "Length of the sequence: how long an update takes.", 2048, 128, 1 << 20);
        var healthy = NumberOption.Of("--healthy", "Updates in which nobody is slow, half of them beside a busy process a core that comes and goes.", 10_000, 0, 10_000_000);
        var trials = NumberOption.Of("--trials", "Slow ranks, one after the other.", 100, 0, 100_000);
        var by = new Option<string>("--by") { Description = "What makes them slow: stop (signals) or quota (a control group; needs root).", DefaultValueFactory = _ => "stop" };
        var record = new Option<string?>("--record") { Description = "A file for what every update was like for each rank: phase, update, rank, ticks of 100 ns it took and waited." };
        by.AcceptOnlyFromAmong("stop", "quota");
        var granularity = new Option<string>("--granularity") { Description = "How finely rotations wait for each other: per-step, per-layer or per-hop.", DefaultValueFactory = _ => "per-step" };
        granularity.AcceptOnlyFromAmong([.. Enum.GetValues<GrantGranularity>().Select(Words.Of)]);
        var command = new Command("straggler", "Whether a rank that gets a quarter of a processor is named, and nobody else. Example: actorring bench straggler --json")
        {
            ranks, tokens, healthy, trials, by, granularity, record, BenchCommand.Json,
        };
        command.SetAction(async (result, stop) =>
        {
            var order = new StragglerOrder(
                result.GetValue(ranks), result.GetValue(tokens), result.GetValue(healthy), result.GetValue(trials), result.GetValue(by) == "quota",
                Enum.GetValues<GrantGranularity>().Single(one => Words.Of(one) == result.GetValue(granularity)), result.GetValue(record));
            var row = await StragglerBench.RunAsync(order, stop);
            BenchCommand.Print([row], result.GetValue(BenchCommand.Json), row =>
                $"{row.Ranks} ranks  {row.Tokens} tokens\n{row.QuietUpdates} quiet updates of {row.QuietUpdateMs} ms: {row.QuietAccusations} accusations\n{row.BusyUpdates} updates of {row.BusyUpdateMs} ms beside others: {row.BusyAccusations} accusations, {row.BusyStarved} that were starved\n"
                + $"{row.Trials} ranks slowed down by {row.By} to {row.Share:P0}: {row.Named} named, after {row.UpdatesP50} updates, at most {row.UpdatesMax}; {row.Within10} within 10; {row.Wrong} others accused; {row.Cleared} said to be well again");
            return row.QuietAccusations + row.BusyAccusations + row.Wrong == 0 && row.Within10 == row.Trials && row.Cleared == row.Trials ? 0 : 1;
        });
        return command;
    }

    internal static Command Guards()
    {
        var ranks = NumberOption.Of("--ranks", "Member processes, one thread each.", 3, 2, 32);
        var spares = NumberOption.Of("--spares", "Members beyond them, which take the place of a rank whose memory failed twice.", 2, 0, 32);
        var all = Enum.GetValues<GuardKind>();
        var kinds = new Option<string[]>("--kinds")
        {
            Description = $"What goes wrong: {string.Join(", ", all.Select(Words.Of))}.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [.. all.Select(Words.Of)],
        };
        kinds.AcceptOnlyFromAmong([.. all.Select(Words.Of)]);
        var trials = NumberOption.Of("--trials", "Faults of each kind.", 1000, 1, 1_000_000);
        var seed = NumberOption.Of("--seed", "Of the ranks that they happen to.", 1, 0, 1_000_000);
        var unguarded = new Option<bool>("--unguarded") { Description = "With guards.verify_state and verify_frames off: shows what they are for." };
        var command = new Command(
            "guards", "Whether a bit that changes in memory or under way, and a number that is none, is found in time and the right rank blamed. Example: actorring bench guards --trials 50 --json")
        {
            ranks, spares, kinds, trials, seed, unguarded, BenchCommand.Json,
        };
        command.SetAction(async result =>
        {
            using var signal = new StopSignal("stopping; nothing is left of it");
            var isJson = result.GetValue(BenchCommand.Json);
            var order = new GuardsOrder(
                result.GetValue(ranks), result.GetValue(spares), [.. all.Where(kind => result.GetValue(kinds)!.Contains(Words.Of(kind)))], result.GetValue(trials), result.GetValue(seed),
                !result.GetValue(unguarded));
            var row = await GuardsBench.RunAsync(order, line => (isJson ? Console.Error : Console.Out).WriteLine(line), signal.Token);
            BenchCommand.Print([row], isJson, row => string.Join('\n', [
                .. row.Kinds.Select(kind => $"{kind.What,-7} {kind.Found} of {kind.Trials} found, {kind.InTime} in time, {kind.RightRank} times the right verdict; after {kind.MsP50} ms, at most {kind.MsMax}  {(kind.IsGood ? "PASS" : "FAIL")}"),
                $"{row.Updates} updates {(row.Difference is { } update ? $"differ from update {update} on from" : "with the same states as")} those of an undisturbed job",
            ]));
            return row.IsGood ? 0 : 1;
        });
        return command;
    }

    internal static Command Join()
    {
        var members = NumberOption.Of("--members", "Member processes.", 64, 2, 1024);
        var atOnce = NumberOption.Of("--at-once", "So many start at the same time, the next when one has joined: a machine with a GPU each has more processors than this one.", 8, 1, 1024);
        var engine = ClusterOptions.OfBench();
        var command = new Command("join", "How long it takes until many members of one machine are one ring. Example: actorring bench join --members 64 --json") { members, atOnce, engine, BenchCommand.Json };
        command.SetAction(async result =>
        {
            using var signal = new StopSignal("stopping; nothing is left of it");
            var row = await JoinBench.RunAsync(result.GetValue(members), result.GetValue(atOnce), result.GetValue(engine)!, signal.Token);
            BenchCommand.Print([row], result.GetValue(BenchCommand.Json), row =>
                $"{row.Members} members on {row.Engine}, {row.AtOnce} at a time, joined after {row.JoinedMs} ms, {row.WithTensorLibrary} of them with a tensor library in memory; {row.MemberMiB} MiB each\n"
                + $"one ring of all after {row.RingMs} ms more, its first update committed after {row.FirstUpdateMs} ms");
            return row.WithTensorLibrary == 0 ? 0 : 1;
        });
        return command;
    }

    internal static Command Member()
    {
        var command = new Command("member", "Memory of a member process that has no job. Example: actorring bench member --json") { BenchCommand.Json };
        command.SetAction(async result => BenchCommand.Print([await MemberBench.RunAsync()], result.GetValue(BenchCommand.Json), row =>
            string.Join('\n', [$"{row.Resident:F1} MiB resident: {row.Anonymous:F1} heaps and stacks, {row.Files:F1} files, {row.Shared:F1} compiled code", .. row.Largest.Select(one => $"{one.Resident,8:F1}  {one.Name}")])));
        return command;
    }
}
