using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Cluster.Cli.Verify;
using ActorRing.Cluster.Member;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring verify</c>: every mode on several rank processes against one process.</summary>
internal static class VerifyCommand
{
    internal static readonly Option<string> Transport = new("--transport")
    {
        Description = "shm (shared memory, one machine) or gloo (TCP).",
        DefaultValueFactory = _ => "shm",
    };

    internal static readonly Option<string> Modes = new("--modes") { Description = "Modes, by commas; all by default.", DefaultValueFactory = _ => string.Join(',', SharedModes.All) };

    internal static Command Create()
    {
        var quick = new Option<bool>("--quick") { Description = "Fewer ranks and problems: within a minute on two cores." };
        var ranks = new Option<string>("--ranks") { Description = "Numbers of ranks, by commas. 1,2,3,4,8 by default; 2,3,4 with --quick." };
        var json = new Option<bool>("--json") { Description = "Print the rows as a JSON array." };
        var command = new Command(
            "verify", "Runs every mode on several rank processes against one process: errors, bytes and hops. Example: actorring verify --quick") { quick, ranks, Modes, Transport, json };
        command.SetAction(result =>
        {
            var isQuick = result.GetValue(quick);
            var numbers = Numbers(result.GetValue(ranks) ?? (isQuick ? "2,3,4" : "1,2,3,4,8"));
            var modes = SharedModes.Parse(result.GetValue(Modes)!);
            var transport = TransportOf(result.GetValue(Transport)!);
            var cases = isQuick ? 3 : VerifyCase.All.Count;
            var rows = new List<VerifyRow>();
            using var processes = new RankProcesses();
            foreach (var number in numbers)
            {
                var some = RowsOf(processes, number, modes, transport, cases);
                rows.AddRange(some);
                if (!result.GetValue(json))
                {
                    PrintRows(some, withHeader: number == numbers[0]);
                }
            }

            if (result.GetValue(json))
            {
                Console.WriteLine(BenchJson.Of(rows));
            }

            Console.WriteLine($"{rows.Count(row => row.Pass)} passed, {rows.Count(row => !row.Pass)} failed");
            return rows.TrueForAll(row => row.Pass) ? 0 : 1;
        });
        return command;
    }

    private static List<VerifyRow> RowsOf(RankProcesses processes, int ranks, IReadOnlyList<string> modes, TransportKind transport, int cases)
    {
        // A plan that cannot be is refused here, in one line, before a process starts.
        foreach (var mode in modes)
        {
            VerifyCase.All[0].Plan(mode, ranks);
            TrainingTrial.Plan(mode, ranks);
        }

        var rows = new Dictionary<(string, string), VerifyRow>();
        processes.Run(ranks, [VerifyRank.Name, Modes.Name, string.Join(',', modes), Transport.Name, NameOf(transport), VerifyRank.CasesName, $"{cases}"], (_, line) =>
        {
            var part = JsonSerializer.Deserialize<VerifyRow>(line) ?? throw new InvalidDataException("a rank printed an empty row");
            rows[(part.Mode, part.Case)] = rows.TryGetValue((part.Mode, part.Case), out var row) ? row.With(part) : part;
        });
        return [.. rows.Values];
    }

    private static void PrintRows(IReadOnlyList<VerifyRow> rows, bool withHeader)
    {
        if (withHeader)
        {
            Console.WriteLine($"{"mode",-12} {"ranks",5} {"layout",-10} {"case",-24} {"error out",10} {"error grad",10} {"bytes sent",12} {"planned",12} {"hops",6} {"planned",7}");
        }

        foreach (var row in rows)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row.Mode,-12} {row.Ranks,5} {row.Layout,-10} {row.Case,-24} {row.MaxErrorOut,10:E1} {row.MaxErrorGrad,10:E1} {row.BytesSent,12} {row.BytesPlanned,12} {row.Hops,6} {row.HopsPlanned,7} {(row.Pass ? "pass" : "FAIL")}"));
        }
    }

    private static int[] Numbers(string text)
    {
        var numbers = text.Split(',').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 32 ? number : 0).ToArray();
        return numbers.Contains(0) ? throw new UsageException($"--ranks is '{text}', allowed are numbers from 1 to 32 by commas") : numbers;
    }

    private static string NameOf(TransportKind transport) => transport == TransportKind.Gloo ? "gloo" : "shm";

    internal static TransportKind TransportOf(string name) => name switch
    {
        "shm" => TransportKind.SharedMemory,
        "gloo" => TransportKind.Gloo,
        _ => throw new UsageException($"--transport is '{name}', allowed are shm and gloo"),
    };
}
