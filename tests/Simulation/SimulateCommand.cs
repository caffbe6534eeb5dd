using System.Text.Json;
using ActorRing.Actors;

namespace ActorRing.Simulation;

/// <summary><c>actorring simulate</c>.</summary>
internal static class SimulateCommand
{
    private const int Shown = 10;

    internal static int Run(string[] arguments)
    {
        var options = SimulateOptions.Read(arguments, out var refusal);
        if (refusal.Length > 0)
        {
            Console.Error.WriteLine($"actorring: {refusal}");
            return 2;
        }

        if (options.WantsHelp)
        {
            Console.WriteLine(SimulateOptions.Help);
            return 0;
        }

        return options switch
        {
            { BreaksEachRule: true } => Mutants(options),
            { Crash: { } points } => Story(new World(options.FirstSeed, options.Mutation, story: [], crashes: new CrashPlan(options.Spares, points)), options.FirstSeed),
            { CrashPairs: { } withPairs } => Crashes(options, withPairs),
            { Shrinks: true } => Shrink(options),
            { TellsStory: true } => Story(new World(options.FirstSeed, options.Mutation, story: [], skip: options.Skip), options.FirstSeed),
            _ => Schedules(options),
        };
    }

    internal static string Replay(ulong seed, Mutation mutation, string rule) =>
        Invariant($"./actorring simulate --count 1 --seed {seed}{Broken(mutation)} --story   # {rule}");

    internal static string Replay(Shrunk shrunk, Mutation mutation) =>
        Invariant($"./actorring simulate --count 1 --seed {shrunk.RngSeed}{Broken(mutation)}{(shrunk.Skip.Count > 0 ? " --skip " + string.Join(',', shrunk.Skip) : "")} --story   # {shrunk.Rule}");

    internal static string Replay(ulong seed, int spares, string points, Mutation mutation, string rule) =>
        Invariant($"./actorring simulate --crash {points} --seed {seed}{(spares == 0 ? "" : " --spares " + spares)}{Broken(mutation)}   # {rule}");

    private static string Broken(Mutation mutation) => mutation == Mutation.None ? "" : $" --mutation {mutation}";

    private static int Schedules(SimulateOptions options)
    {
        var result = options.Minutes is { } minutes
            ? Sweep.Run(options.FirstSeed, long.MaxValue, options.Mutation, limit: TimeSpan.FromMinutes(minutes))
            : Sweep.Run(options.FirstSeed, options.Count, options.Mutation);
        if (options.IsJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                schedules = result.Schedules,
                violations = result.Failures.Count,
                events = result.Events,
                kills = result.Kills,
                epochs = result.Epochs,
                lost_checkpoints = result.Lost,
                skipped_windows = result.Windows,
                longest_gap_ms = result.LongestGap,
                seconds = Math.Round(result.Seconds, 2),
                schedules_per_second = Math.Round(result.Schedules / result.Seconds),
                first = result.Failures.Take(Shown).Select(failure => new { seed = failure.RngSeed, rule = failure.Rule }),
            }));
        }
        else
        {
            Console.WriteLine(Invariant(
                $"{result.Schedules} schedules, {result.Events / result.Schedules} events each, {result.Kills} lost processes, {result.Epochs} epochs, {result.Lost} lost TrainingCheckpoints, {result.Windows} skipped windows: {result.Failures.Count} violations in {result.Seconds:F1} s ({result.Schedules / result.Seconds:F0} a second)"));
            foreach (var (rngSeed, rule) in result.Failures.Take(Shown))
            {
                Console.WriteLine(Replay(rngSeed, options.Mutation, rule));
            }
        }

        return result.Failures.Count == 0 ? 0 : 1;
    }

    private static int Crashes(SimulateOptions options, bool withPairs)
    {
        var result = CrashSweep.Run(options.FirstSeed, 1, options.Spares, withPairs, options.Stride, options.Mutation);
        if (options.IsJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                crash_points = result.Points,
                schedules = result.Schedules,
                violations = result.Failures.Count,
                seconds = Math.Round(result.Seconds, 2),
                first = result.Failures.Take(Shown).Select(failure => new { seed = failure.RngSeed, points = failure.Points, rule = failure.Rule }),
            }));
        }
        else
        {
            Console.WriteLine(Invariant($"{result.Points} crash points, {result.Schedules} schedules: {result.Failures.Count} violations in {result.Seconds:F1} s"));
            foreach (var (rngSeed, points, rule) in result.Failures.Take(Shown))
            {
                Console.WriteLine(Replay(rngSeed, options.Spares, points, options.Mutation, rule));
            }
        }

        return result.Failures.Count == 0 ? 0 : 1;
    }

    private static int Shrink(SimulateOptions options)
    {
        var result = Sweep.Run(options.FirstSeed, options.Count, options.Mutation, stopsAtFailure: true);
        if (result.Failures is not [var failure, ..])
        {
            Console.WriteLine(Invariant($"{result.Schedules} schedules: no violation to shrink"));
            return 0;
        }

        var shrunk = Shrinker.Shrink(failure.RngSeed, options.Mutation)!;
        Console.WriteLine(Invariant($"{shrunk.Troubles} troubles, {shrunk.Troubles - shrunk.Skip.Count} of them matter ({shrunk.Tried} schedules tried)"));
        Console.WriteLine(Replay(shrunk, options.Mutation));
        return 1;
    }

    private static int Story(World world, ulong seed)
    {
        var rule = world.Run();
        foreach (var line in world.Story!)
        {
            Console.WriteLine(line);
        }

        Console.WriteLine(Invariant($"seed {seed}, {world.Faults.Profile}, {world.Faults.Ranks} ranks, {world.Faults.Spares} spares, {world.Events} events, trace {world.Trace:x16}: {rule ?? "all rules held"}"));
        return rule is null ? 0 : 1;
    }

    private static int Mutants(SimulateOptions options)
    {
        List<object> rows = [];
        var survivors = 0;
        foreach (var mutation in Enum.GetValues<Mutation>())
        {
            if (mutation == Mutation.None)
            {
                continue;
            }

            var result = Sweep.Run(options.FirstSeed, options.Count, mutation, stopsAtFailure: true);
            var isKilled = result.Failures.Count > 0;
            survivors += isKilled ? 0 : 1;
            rows.Add(new { mutation = mutation.ToString(), killed = isKilled, schedules = result.Schedules, rule = isKilled ? result.Failures[0].Rule : "" });
            if (!options.IsJson)
            {
                Console.WriteLine(Invariant($"{mutation,-28} {(isKilled ? "killed" : "ALIVE "),-7} after {result.Schedules,6} schedules  {(isKilled ? result.Failures[0].Rule : "")}"));
            }
        }

        if (options.IsJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(rows));
        }

        return survivors == 0 ? 0 : 1;
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
