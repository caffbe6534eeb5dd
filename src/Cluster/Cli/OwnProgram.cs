namespace ActorRing.Cluster.Cli;

/// <summary>How this program is started once more.</summary>
internal static class OwnProgram
{
    /// <summary>An executable, and the arguments before those of the command.</summary>
    internal static (string Program, string[] Arguments) Command
    {
        get
        {
            var program = Environment.ProcessPath!;
            return (program, Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(OwnProgram).Assembly.Location] : []);
        }
    }
}
