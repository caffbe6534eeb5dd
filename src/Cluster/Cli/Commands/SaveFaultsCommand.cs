using System.CommandLine;
using ActorRing.Cluster.Cli.SaveFaults;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring bench save-faults</c>: every system call by which TrainingCheckpoints are saved goes wrong once, in every way.</summary>
internal static class SaveFaultsCommand
{
    internal static Command Create()
    {
        var faults = new Option<string>("--faults") { Description = "Which, by commas.", DefaultValueFactory = _ => Names(Enum.GetValues<SaveFault>()) };
        var calls = new Option<string>("--calls") { Description = "Names of system calls, by commas; all of the saving thread's if not given.", DefaultValueFactory = _ => "" };
        var ends = new Option<bool>("--ends") { Description = "Only the first and the last call of each name." };
        var delay = NumberOption.Of("--delay-ms", "How much longer a delayed call takes.", 300, 1, 60_000);
        var mutation = new Option<string>("--mutation") { Description = "A rule that the saver breaks, to see that it is noticed.", DefaultValueFactory = _ => Name(SaveMutation.None) };
        var command = new Command(
            "save-faults", "Saves TrainingCheckpoints while strace lets one system call fail, and looks at what is left: the previous one or the new one, never a mixture. Example: actorring bench save-faults --json")
        {
            faults, calls, ends, delay, mutation, BenchCommand.Json,
        };
        command.SetAction(async (result, stop) =>
        {
            if (Strace.WhyNot() is { } reason)
            {
                throw new UsageException(reason);
            }

            var json = result.GetValue(BenchCommand.Json);
            var plan = new SaveFaultsPlan(
                [.. result.GetValue(faults)!.Split(',').Select(name => Parse<SaveFault>("--faults", name))],
                result.GetValue(calls)!.Split(',', StringSplitOptions.RemoveEmptyEntries),
                result.GetValue(ends),
                TimeSpan.FromMilliseconds(result.GetValue(delay)),
                Parse<SaveMutation>("--mutation", result.GetValue(mutation)!));
            var row = await SaveFaultsBench.RunAsync(plan, line => (json ? Console.Error : Console.Out).WriteLine(line), stop);
            BenchCommand.Print([row], json, row => string.Join('\n', [
                $"{row.Places} system calls of {row.Calls.Count} names, {row.Cases} cases in {row.Seconds} s, {row.Missed} of them missed: {row.Violations} violations",
                .. row.Faults.Select(fault => $"{fault.Fault,-7} {fault.Cases,5} cases: {fault.Done} went through, {fault.Refused} refused, {fault.Killed} killed"),
            ]));
            return row.Violations == 0 && row.Missed == 0 ? 0 : 1;
        });
        return command;
    }

    private static T Parse<T>(string option, string name)
        where T : struct, Enum =>
        Enum.GetValues<T>().Cast<T?>().FirstOrDefault(value => Name(value!.Value) == name) ?? throw new UsageException($"{option} is '{name}', allowed: {Names(Enum.GetValues<T>())}");

    private static string Names<T>(T[] values)
        where T : struct, Enum => string.Join(',', values.Select(Name));

    // InPlace is in-place.
    private static string Name<T>(T value)
        where T : struct, Enum => string.Concat(value.ToString().Select((letter, place) => char.IsUpper(letter) && place > 0 ? $"-{char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));
}
