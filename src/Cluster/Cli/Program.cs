using ActorRing.Cluster.Cli;
using ActorRing.Cluster.Hosting.Processes;

ParentWatch.StartIfChild();
return CommandLine.Run(args);
