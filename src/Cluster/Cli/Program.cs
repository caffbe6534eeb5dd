using ActorRing.Cluster.Cli;

return CommandLine.Run(args);
