using System.CommandLine;
using ActorRing.Cluster.Cli;
using ActorRing.Cluster.Cli.Commands;

// The composition root: parses, runs one command, turns whatever happened into one line and an exit code.
var root = new RootCommand("ActorRing trains language models on very long sequences.") 
{
    TrainCommand.Create(),
    PlanCommand.Create(),
    EvalCommand.Create(),
    BenchCommand.Create(),
    DoctorCommand.Create(),
};
return CommandLine.Run(root, args);
