using ActorRing.Cluster.Cli;

namespace ActorRing.Cluster.Specs.Cli;

/// <summary>Commands run in this process with the console captured; one at a time, because the console is one.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OneConsole
{
    internal const string Name = "console";
}

/// <summary>What one command did.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string[] Errors)
{
    internal static CommandRun Of(params string[] arguments)
    {
        var (output, error) = (Console.Out, Console.Error);
        using var captured = new StringWriter();
        using var complaints = new StringWriter();
        try
        {
            Console.SetOut(captured);
            Console.SetError(complaints);
            var code = CommandLine.Run(arguments);
            return new CommandRun(code, captured.ToString(), complaints.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }
}
