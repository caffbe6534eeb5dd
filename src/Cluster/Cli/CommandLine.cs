using System.CommandLine;
using ActorRing.Actors.Plans;
using ActorRing.Cluster.Cli.Commands;
using ActorRing.Cluster.Hosting.Hocon;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli;

/// <summary>Exit codes: 0 done, 1 failed, 2 used wrongly or given bad input, 130 interrupted. Messages go to standard error, one line each.</summary>
internal static class CommandLine
{
    private const int Failed = 1;
    private const int WrongUse = 2;

    // How long ctrl-c may wait for the step in hand and the export before the process ends all the same.
    private static readonly TimeSpan LongestStep = TimeSpan.FromMinutes(30);

    /// <summary>Stopped by the user; what was done is kept.</summary>
    internal const int Interrupted = 130;

    /// <summary>The composition root: parses, runs one command, turns whatever happened into one line and an exit code.</summary>
    internal static int Run(string[] arguments)
    {
        var root = new RootCommand("ActorRing trains language models on very long sequences.")
        {
            TrainCommand.Create(),
            PlanCommand.Create(),
            EvalCommand.Create(),
            BenchCommand.Create(),
            VerifyCommand.Create(),
            VerifyCommand.CreateRank(),
            BenchCommand.CreateRingRank(),
            DoctorCommand.Create(),
        };
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            // The parser's own handler prints help after the message; a mistake deserves one line.
            foreach (var error in parsed.Errors)
            {
                Console.Error.WriteLine($"actorring: {error.Message}");
            }

            return WrongUse;
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = LongestStep });
        }
        catch (HoconException error)
        {
            foreach (var line in error.Errors)
            {
                Console.Error.WriteLine($"actorring: {line}");
            }

            return WrongUse;
        }
        catch (Exception error)
        {
            Console.Error.WriteLine($"actorring: {error.Message.ReplaceLineEndings(" ")}");
            return CodeOf(error);
        }
    }

    private static int CodeOf(Exception error) => error switch
    {
        OperationCanceledException => Interrupted,
        NonFiniteException or NativeException or InsufficientMemoryException => Failed,
        UsageException or PlanException or InvalidDataException or ArgumentException or FileNotFoundException or DirectoryNotFoundException or BackendUnavailableException or NotSupportedException => WrongUse,
        _ => Failed,
    };
}
