using System.Globalization;
using ActorRing.Actors;

namespace ActorRing.Simulation;

/// <summary>What to simulate.</summary>
internal sealed record SimulateOptions
{
    internal const string Help = """
        actorring simulate [--count N] [--minutes M] [--seed S] [--mutation NAME] [--story] [--json]
        actorring simulate --crashes single|pairs [--stride K] [--spares N] [--seed S] [--json]
        actorring simulate --crash POINT[,POINT] [--spares N] [--seed S]
          Runs the actor runtime's real machines on simulated time, network, disks and processes, and checks its rules.
          --count N        schedules, from seed S on (default 20000)
          --minutes M      as many schedules as that takes, instead of a count
          --seed S         first seed (default 1)
          --mutation NAME  breaks one protocol rule on purpose; `all` breaks each in turn and says how many schedules notice it
          --crashes WHAT   loses a process at every point of a run of 3 ranks and 4 updates, or at every pair of points
          --crash POINTS   tells the story of one of those
          --stride K       of pairs, only every K-th second point (default 1: all)
          --spares N       members beyond the three ranks, 0 to 2 (default 0)
          --skip A,B,...   leaves troubles of a schedule out, by their numbers; `--shrink` finds which do not matter
          --shrink         makes the first failing schedule as small as it gets
          --story          prints what the machines say in one schedule (with --count 1)
          --json           one object
          Example: actorring simulate --count 1 --seed 42 --story
        """;

    internal long Count { get; private set; } = 20_000;

    /// <summary>Instead of a count; null for none.</summary>
    internal int? Minutes { get; private set; }

    internal ulong FirstSeed { get; private set; } = 1;

    internal Mutation Mutation { get; private set; }

    internal bool BreaksEachRule { get; private set; }

    /// <summary>Whether to lose a second process, too; null to run seeds.</summary>
    internal bool? CrashPairs { get; private set; }

    /// <summary>One schedule of those; null for none.</summary>
    internal long[]? Crash { get; private set; }

    internal int Stride { get; private set; } = 1;

    internal int Spares { get; private set; }

    internal int[] Skip { get; private set; } = [];

    internal bool Shrinks { get; private set; }

    internal bool TellsStory { get; private set; }

    internal bool IsJson { get; private set; }

    internal bool WantsHelp { get; private set; }

    /// <param name="arguments">Of the command.</param>
    /// <param name="refusal">One line; empty if they are understood.</param>
    internal static SimulateOptions Read(string[] arguments, out string refusal)
    {
        var options = new SimulateOptions();
        refusal = "";
        for (var at = 0; at < arguments.Length && refusal.Length == 0; at++)
        {
            if (options.TakeFlag(arguments[at]))
            {
                continue;
            }

            var (option, value) = (arguments[at], at + 1 < arguments.Length ? arguments[++at] : "");
            if (!options.Take(option, value))
            {
                refusal = Allowed(option) is { } allowed ? $"{option} is '{value}', allowed: {allowed}" : $"'{option}' is not an option of simulate; simulate --help lists them";
            }
        }

        return options;
    }

    private static string? Allowed(string option) => option switch
    {
        "--count" => $"a whole number from 1 to {long.MaxValue}",
        "--minutes" => "a whole number from 1 to 100000",
        "--seed" => $"a whole number from 0 to {ulong.MaxValue}",
        "--mutation" => $"all, {string.Join(", ", Enum.GetNames<Mutation>())}",
        "--crashes" => "single, pairs",
        "--crash" => "one or two numbers of crash points, ascending, with a comma between them",
        "--stride" => "a whole number from 1 to 100000",
        "--spares" => "a whole number from 0 to 2",
        "--skip" => "numbers of troubles with commas between them",
        _ => null,
    };

    private bool TakeFlag(string option)
    {
        switch (option)
        {
            case "--story":
                return TellsStory = true;
            case "--json":
                return IsJson = true;
            case "--shrink":
                return Shrinks = true;
            case "--help" or "-h":
                return WantsHelp = true;
            default:
                return false;
        }
    }

    private bool Take(string option, string value)
    {
        var (isNumber, number) = (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var read), read);
        switch (option)
        {
            case "--count" when isNumber && number > 0:
                Count = number;
                return true;
            case "--minutes" when isNumber && number is > 0 and <= 100_000:
                Minutes = (int)number;
                return true;
            case "--seed" when ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed):
                FirstSeed = seed;
                return true;
            case "--mutation" when value == "all":
                return BreaksEachRule = true;
            case "--mutation" when Enum.TryParse<Mutation>(value, ignoreCase: true, out var mutation) && Enum.IsDefined(mutation) && !char.IsAsciiDigit(value[0]):
                Mutation = mutation;
                return true;
            case "--crashes" when value is "single" or "pairs":
                CrashPairs = value == "pairs";
                return true;
            case "--crash" when Numbers(value) is [_] or [_, _]:
                Crash = Numbers(value);
                return Crash is not [var one, var other] || one < other;
            case "--stride" when isNumber && number is > 0 and <= 100_000:
                Stride = (int)number;
                return true;
            case "--spares" when isNumber && number is >= 0 and <= 2:
                Spares = (int)number;
                return true;
            case "--skip" when Numbers(value) is { } troubles:
                Skip = [.. troubles.Select(trouble => (int)Math.Min(trouble, int.MaxValue))];
                return true;
            default:
                return false;
        }
    }

    private static long[]? Numbers(string value)
    {
        var words = value.Split(',');
        var numbers = new long[words.Length];
        for (var at = 0; at < words.Length; at++)
        {
            if (!long.TryParse(words[at], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[at]))
            {
                return null;
            }
        }

        return numbers;
    }
}
