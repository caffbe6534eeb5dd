namespace ActorRing.Simulation;

internal static class Program
{
    private static int Main(string[] arguments) => SimulateCommand.Run(arguments);
}
