using System.CommandLine;
using ActorRing.Actors.Plans;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Commands;
using ActorRing.Cluster.Cli.Evaluation;
using ActorRing.Cluster.Cli.Generate;
using ActorRing.Cluster.Cli.SaveFaults;
using ActorRing.Cluster.Cli.Verify;
using ActorRing.Cluster.Hosting.Hocon;
using ActorRing.Cluster.Member;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli;

/// <summary>Exit codes: 0 done, 1 failed, 2 used wrongly or given bad input, 130 interrupted. Messages go to standard error, one line each.</summary>
internal static class CommandLine
{
    private const int Failed = 1;
    private const int WrongUse = 2;

    /// <summary>The command did what it was asked for; the job that it is about failed or was cancelled.</summary>
    internal const int JobFailed = 4;

    /// <summary>Stopped by the user; what was done is kept.</summary>
    internal const int Interrupted = 130;

    /// <summary>The composition root: parses, runs one command, turns whatever happened into one line and an exit code.</summary>
    internal static int Run(string[] arguments)
    {
        var parsed = Root().Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            // The parser's own handler prints help after the message; a mistake deserves one line.
            Console.Error.WriteLine($"actorring: {OneLine(ErrorOf(parsed))}");

            return WrongUse;
        }

        try
        {
            // Commands that can keep what is done, or have processes to end, listen to signals themselves; the others end by them as any program does.
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return parsed.InvokeAsync(configuration).GetAwaiter().GetResult();
        }
        catch (HoconException error)
        {
            foreach (var line in error.Errors)
            {
                Console.Error.WriteLine($"actorring: {line}");
            }

            return WrongUse;
        }
        catch (OperationCanceledException)
        {
            return Interrupted; // as the signal's listener has said
        }
        catch (Exception error)
        {
            Console.Error.WriteLine($"actorring: {OneLine(error.Message)}");
            return CodeOf(error);
        }
    }

    /// <summary>All commands.</summary>
    internal static RootCommand Root() => new("ActorRing trains language models on very long sequences.")
    {
        TrainCommand.Create(),
        DemoCommand.Create(),
        PlanCommand.Create(),
        EvalCommand.Create(),
        DataCommand.Create(),
        PlotCommand.Create(),
        GenerateCommand.Create(),
        BenchCommand.Create(),
        VerifyCommand.Create(),
        DoctorCommand.Create(),
        UpCommand.Create(),
        SeedCommand.Create(),
        MemberCommand.Create(),
        SubmitCommand.Create(),
        JobsCommand.Create(),
        RingCommand.Create(),
        ClusterCommand.Create(),
        ActorCommand.Create(),
        ChaosCommand.Create(),
        CertificatesCommand.Create(),
        VerifyRank.Create(),
        NeedleRank.Create(),
        GenerateRank.Create(),
        PerplexityRank.Create(),
        RingBench.CreateRank(),
        RankStepBench.CreateRank(),
        TransportBench.CreateRank(),
        OverloadBench.CreateBusy(),
        SaveProbe.CreateCommand(),
    };

    // A misspelt command would otherwise be a missing command and an unknown argument for each word after it.
    private static string ErrorOf(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (command.Subcommands.Count == 0)
        {
            return string.Join(' ', parsed.Errors.Select(error => error.Message));
        }

        var allowed = string.Join(", ", command.Subcommands.Where(inner => !inner.Hidden).Select(inner => inner.Name));
        return parsed.UnmatchedTokens is [var word, ..]
            ? $"'{word}' is not a command of {command.Name}; allowed: {allowed}"
            : $"{command.Name} needs a command; allowed: {allowed}, or --help";
    }

    // Names of files and arguments stand in messages as they came: none may break the line or steer the terminal. Lists of allowed values come indented, a line each.
    private static string OneLine(string message) => string.Concat(message.Replace("\n\t", " ", StringComparison.Ordinal).ReplaceLineEndings(" ").Select(letter => char.IsControl(letter) ? '?' : letter));

    private static int CodeOf(Exception error) => error switch
    {
        NonFiniteException or NativeException or InsufficientMemoryException => Failed,
        UsageException or PlanException or InvalidDataException or ArgumentException or FileNotFoundException or DirectoryNotFoundException or BackendUnavailableException
            or NotSupportedException => WrongUse,
        _ => Failed,
    };
}
