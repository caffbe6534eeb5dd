using System.Globalization;
using System.Text.Json;
using ActorRing.Actors;

namespace ActorRing.Simulation;

/// <summary><c>actorring simulate</c>.</summary>
internal static class SimulateCommand
{
    private const string Help = """
        actorring simulate [--count N] [--seed S] [--mutation NAME] [--story] [--json]
          Runs the actor runtime's real machines on simulated time, network, disks and processes, and checks its rules.
          --count N        schedules, from seed S on (default 20000)
          --seed S         first seed (default 1)
          --mutation NAME  breaks one protocol rule on purpose; `all` breaks each in turn and says how many schedules notice it
          --story          prints what the machines say in one schedule (with --count 1)
          --json           one object
          Example: actorring simulate --count 1 --seed 42 --story
        """;

    internal static int Run(string[] arguments)
    {
        var (count, seed, mutation, isAll, tellsStory, isJson) = (20_000, 1UL, Mutation.None, false, false, false);
        for (var at = 0; at < arguments.Length; at++)
        {
            var value = at + 1 < arguments.Length ? arguments[at + 1] : "";
            switch (arguments[at])
            {
                case "--count" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count > 0:
                case "--seed" when ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out seed):
                    at++;
                    break;
                case "--mutation" when value == "all":
                    (isAll, at) = (true, at + 1);
                    break;
                case "--mutation" when Enum.TryParse(value, ignoreCase: true, out mutation) && Enum.IsDefined(mutation) && !char.IsAsciiDigit(value[0]):
                    at++;
                    break;
                case "--story":
                    tellsStory = true;
                    break;
                case "--json":
                    isJson = true;
                    break;
                case "--help" or "-h":
                    Console.WriteLine(Help);
                    return 0;
                default:
                    Console.Error.WriteLine($"actorring: {Refusal(arguments[at], value)}");
                    return 2;
            }
        }

        return isAll ? Mutants(count, seed, isJson) : tellsStory ? Story(seed, mutation) : Schedules(count, seed, mutation, isJson);
    }

    private static string Refusal(string option, string value) => option switch
    {
        "--count" => $"--count is '{value}', allowed: a whole number from 1 to {int.MaxValue}",
        "--seed" => $"--seed is '{value}', allowed: a whole number from 0 to {ulong.MaxValue}",
        "--mutation" => $"--mutation is '{value}', allowed: all, {string.Join(", ", Enum.GetNames<Mutation>())}",
        _ => $"'{option}' is not an option of simulate; allowed: --count, --seed, --mutation, --story, --json",
    };

    private static int Schedules(int count, ulong seed, Mutation mutation, bool isJson)
    {
        var result = Sweep.Run(seed, count, mutation);
        if (isJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                schedules = result.Schedules,
                violations = result.Failures.Count,
                events = result.Events,
                kills = result.Kills,
                epochs = result.Epochs,
                lost_checkpoints = result.Lost,
                longest_gap_ms = result.LongestGap,
                seconds = Math.Round(result.Seconds, 2),
                schedules_per_second = Math.Round(result.Schedules / result.Seconds),
                first = result.Failures.Take(10).Select(failure => new { seed = failure.RngSeed, rule = failure.Rule }),
            }));
        }
        else
        {
            Console.WriteLine(Invariant(
                $"{result.Schedules} schedules, {result.Events / result.Schedules} events each, {result.Kills} lost processes, {result.Epochs} epochs, {result.Lost} lost TrainingCheckpoints: {result.Failures.Count} violations in {result.Seconds:F1} s ({result.Schedules / result.Seconds:F0} a second)"));
            foreach (var (rngSeed, rule) in result.Failures.Take(10))
            {
                Console.WriteLine(Replay(rngSeed, mutation, rule));
            }
        }

        return result.Failures.Count == 0 ? 0 : 1;
    }

    internal static string Replay(ulong seed, Mutation mutation, string rule) =>
        Invariant($"./actorring simulate --count 1 --seed {seed}{(mutation == Mutation.None ? "" : $" --mutation {mutation}")} --story   # {rule}");

    private static int Story(ulong seed, Mutation mutation)
    {
        List<string> story = [];
        var world = new World(seed, mutation, story: story);
        var rule = world.Run();
        story.ForEach(Console.WriteLine);
        Console.WriteLine(Invariant($"seed {seed}, {world.Faults.Profile}, {world.Faults.Ranks} ranks, {world.Faults.Spares} spares, {world.Events} events, trace {world.Trace:x16}: {rule ?? "all rules held"}"));
        return rule is null ? 0 : 1;
    }

    private static int Mutants(int count, ulong seed, bool isJson)
    {
        List<object> rows = [];
        var survivors = 0;
        foreach (var mutation in Enum.GetValues<Mutation>())
        {
            if (mutation == Mutation.None)
            {
                continue;
            }

            var result = Sweep.Run(seed, count, mutation, stopsAtFailure: true);
            var isKilled = result.Failures.Count > 0;
            survivors += isKilled ? 0 : 1;
            rows.Add(new { mutation = mutation.ToString(), killed = isKilled, schedules = result.Schedules, rule = isKilled ? result.Failures[0].Rule : "" });
            if (!isJson)
            {
                Console.WriteLine(Invariant($"{mutation,-28} {(isKilled ? "killed" : "ALIVE "),-7} after {result.Schedules,6} schedules  {(isKilled ? result.Failures[0].Rule : "")}"));
            }
        }

        if (isJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(rows));
        }

        return survivors == 0 ? 0 : 1;
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
