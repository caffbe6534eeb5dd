namespace ActorRing.Cluster.Cli;

/// <summary>The folder for everything that a job writes.</summary>
internal static class OutputFolder
{
    /// <summary>Makes the folder and puts a copy of the job file in it.</summary>
    /// <param name="folder">The setting <c>job.output</c>.</param>
    /// <param name="jobFile">What the job was read from.</param>
    /// <exception cref="UsageException">It cannot be made, or not be written to.</exception>
    internal static void Prepare(string folder, string jobFile)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var copy = Path.Combine(folder, "job.conf");
            if (Path.GetFullPath(copy) != Path.GetFullPath(jobFile))
            {
                File.Copy(jobFile, copy, overwrite: true);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"job.output: {folder}: {fault.Message.TrimEnd('.')}; allowed: a folder that can be made and written to");
        }
    }
}
